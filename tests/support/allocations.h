// Counts what a piece of code allocates with operator new. Link tactic_test_allocations.
#pragma once

#include <cstddef>

namespace tactic::testing {

// What this thread allocated since it was made.
class AllocationCounter {
 public:
  AllocationCounter();
  size_t Count() const;
  size_t Bytes() const;  // In all, whether freed since or not.

 private:
  size_t count_before_;
  size_t bytes_before_;
};

// By all threads, since the process began.
size_t AllocationsOfProcess();

}  // namespace tactic::testing
