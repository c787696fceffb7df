#include "runners/timing/data_pool.h"

#include <algorithm>
#include <cstring>

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
  Allocate(bytes);
  FillRandom(dtype, {memory_.get(), size_}, kSeed);
  dtype_ = dtype;
  Restart();
}

void DataPool::ReserveCopies(std::span<const std::byte> data, size_t bytes, size_t cache_bytes) {
  cache_bytes_ = cache_bytes;
  dtype_ = DType::kAbsent;
  Allocate(std::max(bytes, data.size()));
  const size_t stride = StrideOf(data.size());
  for (size_t at = 0; at + data.size() <= size_; at += stride) {
    std::memcpy(memory_.get() + at, data.data(), data.size());
  }
  Restart();
}

void DataPool::Allocate(size_t bytes) {
  if (bytes <= size_) return;
  size_ = 0;
  dtype_ = DType::kAbsent;
  memory_.reset();  // Not both at once.
  memory_ = sdk::AllocateAligned(bytes);
  size_ = bytes;
}

void DataPool::Restart() {
  next_ = 0;
  served_ = 0;
}

// A page is left out, so that a prefetcher which runs past one window does not fetch the next.
size_t DataPool::StrideOf(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage + kPage; }

const std::byte* DataPool::Take(size_t bytes) {
  if (next_ + bytes > size_) {
    if (served_ < 2 * cache_bytes_) Sweep();
    Restart();
  }
  const std::byte* window = memory_.get() + next_;
  next_ += StrideOf(bytes);
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
