// How often each distinct call missed, on the way from ChooseOne to the statistics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client/cache/compiled_op.h"
#include "client/cache/misses.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

// Thread-safe. Counting takes no lock and allocates nothing; it writes one shared number. Lossy
// where it is full, and of a call that is counted at the very moment of Take.
class ShapeCounts {
 public:
  // From signal handlers too.
  void Count(const CompiledOp& op, std::span<const Shape> shapes) noexcept;

  struct Counted {
    const CompiledOp* op;
    Shapes shapes;
    uint64_t count;
  };
  // What was counted since the last call. The same shapes may be there twice.
  std::vector<Counted> Take();

 private:
  enum SlotState : uint32_t { kFree, kBusy, kFull };
  struct Slot {
    std::atomic<uint32_t> state{kFree};
    std::atomic<uint64_t> hash{0};
    std::atomic<uint64_t> count{0};
    // Of whoever made the state kBusy.
    const CompiledOp* op = nullptr;
    std::array<uint8_t, limits::kInputs> ranks{};
    std::array<int64_t, MissLog::kMostSizes> sizes{};
  };
  static constexpr size_t kSlots = 512;
  static constexpr size_t kTries = 8;

  std::array<Slot, kSlots> slots_;
};

}  // namespace tactic::cache_internal
