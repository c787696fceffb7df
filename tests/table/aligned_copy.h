// Bytes that lie as those of a mapping do.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace tactic::testing {

// A copy that is aligned as a mapping is, with nothing readable behind it for the address
// sanitizer.
class AlignedCopy {
 public:
  explicit AlignedCopy(std::string_view bytes) : size_(bytes.size()) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, bytes.empty() ? 1 : bytes.size()) != 0) std::abort();
    memory_.reset(static_cast<char*>(memory));
    if (!bytes.empty()) std::memcpy(memory, bytes.data(), bytes.size());
  }
  std::string_view view() const { return {memory_.get(), size_}; }
  char* data() { return memory_.get(); }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  const size_t size_;
  std::unique_ptr<char, Free> memory_;
};

}  // namespace tactic::testing
