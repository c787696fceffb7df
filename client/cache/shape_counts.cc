#include "client/cache/shape_counts.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tactic::cache_internal {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9fb21c651e98df25;
  return hash ^ (hash >> 29);
}

// nullopt: too many sizes for a slot.
std::optional<uint64_t> HashOf(const CompiledOp& op, std::span<const Shape> shapes) noexcept {
  uint64_t hash = Mix(0x7461637469634d31, op.index);
  size_t total = 0;
  for (const Shape& shape : shapes) {
    total += shape.rank;
    if (total > MissLog::kMostSizes) return std::nullopt;
    hash = Mix(hash, shape.rank);
    for (size_t d = 0; d < shape.rank; ++d) hash = Mix(hash, static_cast<uint64_t>(shape.dims[d]));
  }
  return hash;
}

}  // namespace

void ShapeCounts::Count(const CompiledOp& op, std::span<const Shape> shapes) noexcept {
  const std::optional<uint64_t> hash = HashOf(op, shapes);
  if (!hash) return;
  for (size_t i = 0; i < kTries; ++i) {
    Slot& slot = slots_[(*hash + i) % kSlots];
    uint32_t state = slot.state.load(std::memory_order_acquire);
    if (state == kFull && slot.hash.load(std::memory_order_relaxed) == *hash) {
      slot.count.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (state != kFree || !slot.state.compare_exchange_strong(
                              state, kBusy, std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    slot.hash.store(*hash, std::memory_order_relaxed);
    slot.count.store(1, std::memory_order_relaxed);
    slot.op = &op;
    auto size = slot.sizes.begin();
    for (size_t s = 0; s < shapes.size(); ++s) {
      slot.ranks[s] = static_cast<uint8_t>(shapes[s].rank);
      size = std::copy_n(shapes[s].dims, shapes[s].rank, size);
    }
    slot.state.store(kFull, std::memory_order_release);
    return;
  }
}

std::vector<ShapeCounts::Counted> ShapeCounts::Take() {
  std::vector<Counted> taken;
  for (Slot& slot : slots_) {
    uint32_t state = kFull;
    if (!slot.state.compare_exchange_strong(state, kBusy, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
      continue;
    }
    Counted counted{slot.op, Shapes(slot.op->spec.inputs.size()),
                    slot.count.load(std::memory_order_relaxed)};
    auto size = slot.sizes.begin();
    for (size_t s = 0; s < counted.shapes.size(); ++s) {
      counted.shapes[s].assign(size, size + slot.ranks[s]);
      size += slot.ranks[s];
    }
    slot.state.store(kFree, std::memory_order_release);
    taken.push_back(std::move(counted));
  }
  return taken;
}

}  // namespace tactic::cache_internal
