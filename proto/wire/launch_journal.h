// The launch journal: one page of memory that the daemon and its worker share. The worker writes
// into it before each step in which a candidate's code runs, so that after any death the daemon
// knows which candidate was running, and whether it was past its deadline. Standard library only;
// the page is a memfd that the daemon made.
//
// One writer (the worker's measuring thread), one reader (the supervisor). The reader treats the
// content as untrusted: a candidate may have written over it.
#pragma once

#include <atomic>
#include <cstdint>

namespace tactic::wire {

// What the worker is doing. kIdle: no candidate's code runs.
enum class LaunchPhase : uint32_t {
  kIdle = 0,
  kPrepare = 1,
  kValidate = 2,
  kSample = 3,
  kEnumerate = 4,
  kReference = 5
};

inline constexpr uint32_t kNoCandidate = 0xffffffff;

struct LaunchJournal {
  std::atomic<uint64_t> sequence;     // Goes up with each record: progress.
  std::atomic<uint64_t> deadline_ns;  // CLOCK_BOOTTIME at which the step is overdue; 0 = none.
  std::atomic<uint32_t> candidate;    // Index in the contest's list; kNoCandidate when not one
                                      // candidate's. In kIdle: of the step before.
  std::atomic<uint32_t> phase;        // LaunchPhase.
};
static_assert(std::atomic<uint64_t>::is_always_lock_free &&
              std::atomic<uint32_t>::is_always_lock_free);

}  // namespace tactic::wire
