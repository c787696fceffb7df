// Host memory for an output or a workspace, with guard zones that show writes outside it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "tactic/sdk/host.h"

namespace tactic::timing {

// 64-byte aligned memory between two guard zones of 4 KiB, directly before the first and behind the
// last byte. What lies further out is not noticed here: it ends the process or goes unseen. Not
// thread-safe.
class GuardedBuffer {
 public:
  // Makes the buffer `size` bytes long and renews its guard zones. Keeps its memory if that is
  // enough, so that all candidates see the same addresses. Content undefined. Throws
  // std::bad_alloc.
  void Resize(size_t size);

  std::byte* data() const { return memory_.get() + kGuardBytes; }
  std::span<std::byte> bytes() const { return {data(), size_}; }

  // Where a guard zone was written, for people: "3 bytes behind its end"; nullopt: intact. Renews
  // what was damaged.
  std::optional<std::string> TakeDamage();

 private:
  static constexpr size_t kGuardBytes = 4096;

  sdk::AlignedBytes memory_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace tactic::timing
