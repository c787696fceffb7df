// The calls that missed, on their way from ChooseOne to whoever asks for tuning. Recording takes no
// lock, allocates nothing, and writes nothing shared for a profile that it has just recorded.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "client/cache/compiled_op.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

// Thread-safe. Lossy where it is full: what was not recorded is tried again at its next miss.
class MissLog {
 public:
  static constexpr size_t kMostSizes = 26;  // Of all inputs of one call together.

  // `hash` stands for the profile among those of its op. From signal handlers too.
  void Record(const CompiledOp& op, std::span<const Shape> shapes, uint64_t hash) noexcept;

  struct Recorded {
    const CompiledOp* op;
    Shapes shapes;
  };
  // Takes up to `limit`; a profile once until Forget.
  std::vector<Recorded> Drain(size_t limit);
  void Forget();

  std::mutex& mutex() { return mu_; }  // For ForkLocks.

 private:
  enum SlotState : uint32_t { kFree, kWriting, kFull };
  struct Slot {
    std::atomic<uint32_t> state{kFree};
    uint64_t hash = 0;
    const CompiledOp* op = nullptr;
    std::array<uint8_t, limits::kInputs> ranks{};
    std::array<int64_t, kMostSizes> sizes{};
  };
  static constexpr size_t kSlots = 256;
  static constexpr size_t kRecent = 4096;
  static constexpr size_t kTries = 8;
  static constexpr size_t kMostDrained = 1 << 16;

  bool Push(const CompiledOp& op, std::span<const Shape> shapes, uint64_t hash) noexcept;

  std::array<std::atomic<uint64_t>, kRecent> recent_{};  // Hashes recorded; 0 = none.
  std::array<Slot, kSlots> slots_;
  std::atomic<uint32_t> next_{0};
  std::atomic<bool> full_{false};  // No room was found since the last Drain.

  std::mutex mu_;
  std::unordered_set<uint64_t> drained_;  // Guarded by mu_. Hashes that Drain gave out.
};

}  // namespace tactic::cache_internal
