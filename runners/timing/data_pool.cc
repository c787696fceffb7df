#include "runners/timing/data_pool.h"

#include "runners/timing/elements.h"

namespace tactic::timing {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kLine = 64;
constexpr uint64_t kSeed = 0x7461637469636400;

}  // namespace

void DataPool::Reserve(DType dtype, size_t bytes, size_t cache_bytes) {
  cache_bytes_ = cache_bytes;
  if (dtype == dtype_ && bytes <= size_) return;
  if (bytes > size_) {
    size_ = 0;
    dtype_ = DType::kAbsent;
    memory_.reset();  // Not both at once.
    memory_ = sdk::AllocateAligned(bytes);
    size_ = bytes;
  }
  FillRandom(dtype, {memory_.get(), size_}, kSeed);
  dtype_ = dtype;
  next_ = 0;
  served_ = 0;
}

const std::byte* DataPool::Take(size_t bytes) {
  if (next_ + bytes > size_) {
    if (served_ < 2 * cache_bytes_) Sweep();
    next_ = 0;
    served_ = 0;
  }
  const std::byte* window = memory_.get() + next_;
  // A page is left out, so that a prefetcher which runs past one window does not fetch the next.
  next_ += (bytes + kPage - 1) / kPage * kPage + kPage;
  served_ += bytes;
  return window;
}

// Reads one element of each line: evicts the windows at the front, where the walk starts again.
// Needed when the windows are so small that the walk alone touched less than the cache holds.
void DataPool::Sweep() {
  ++sweeps_;
  for (size_t at = 0; at < size_; at += kLine) {
    static_cast<void>(*static_cast<const volatile std::byte*>(memory_.get() + at));
  }
}

}  // namespace tactic::timing
