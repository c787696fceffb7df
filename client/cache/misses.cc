#include "client/cache/misses.h"

#include <algorithm>
#include <utility>

namespace tactic::cache_internal {

void MissLog::Record(const CompiledOp& op, std::span<const Shape> shapes, uint64_t hash) noexcept {
  hash ^= (uint64_t{op.index} + 1) * 0x9e3779b97f4a7c15;
  if (hash == 0) hash = 1;
  std::atomic<uint64_t>& recent = recent_[hash % kRecent];
  if (recent.load(std::memory_order_relaxed) == hash || full_.load(std::memory_order_relaxed))
    return;
  if (Push(op, shapes, hash)) recent.store(hash, std::memory_order_relaxed);
}

bool MissLog::Push(const CompiledOp& op, std::span<const Shape> shapes, uint64_t hash) noexcept {
  size_t total = 0;
  for (const Shape& shape : shapes) total += shape.rank;
  if (total > kMostSizes) return false;
  const uint32_t first = next_.fetch_add(1, std::memory_order_relaxed);
  for (uint32_t i = first; i != first + kTries; ++i) {
    Slot& slot = slots_[i % kSlots];
    uint32_t expected = kFree;
    if (!slot.state.compare_exchange_strong(expected, kWriting, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
      continue;
    }
    slot.hash = hash;
    slot.op = &op;
    auto size = slot.sizes.begin();
    for (size_t s = 0; s < shapes.size(); ++s) {
      slot.ranks[s] = static_cast<uint8_t>(shapes[s].rank);
      size = std::copy_n(shapes[s].dims, shapes[s].rank, size);
    }
    slot.state.store(kFull, std::memory_order_release);
    return true;
  }
  full_.store(true, std::memory_order_relaxed);
  return false;
}

std::vector<MissLog::Recorded> MissLog::Drain(size_t limit) {
  std::vector<Recorded> drained;
  std::lock_guard lock(mu_);
  const uint32_t first = next_.load(std::memory_order_relaxed);  // The oldest, if all are taken.
  for (uint32_t i = first; i != first + kSlots && drained.size() < limit; ++i) {
    Slot& slot = slots_[i % kSlots];
    if (slot.state.load(std::memory_order_acquire) != kFull) continue;
    Recorded recorded{slot.op, Shapes(slot.op->spec.inputs.size())};
    const uint64_t hash = slot.hash;
    auto size = slot.sizes.begin();
    for (size_t s = 0; s < recorded.shapes.size(); ++s) {
      recorded.shapes[s].assign(size, size + slot.ranks[s]);
      size += slot.ranks[s];
    }
    slot.state.store(kFree, std::memory_order_release);
    full_.store(false, std::memory_order_relaxed);
    if (drained_.size() >= kMostDrained) drained_.clear();
    if (drained_.insert(hash).second) drained.push_back(std::move(recorded));
  }
  return drained;
}

void MissLog::Forget() {
  std::lock_guard lock(mu_);
  drained_.clear();
  for (std::atomic<uint64_t>& recent : recent_) recent.store(0, std::memory_order_relaxed);
}

}  // namespace tactic::cache_internal
