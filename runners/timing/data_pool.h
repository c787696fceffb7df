// Random data from which cold inputs are served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tactic/model/problem.h"
#include "tactic/sdk/host.h"

namespace tactic::timing {

// A block of random elements, or of copies of one piece of data, that is walked window by window.
// When the block is a few times as large as the last-level cache, a window that comes round again
// has long been evicted: a call that reads it reads memory. Kept from contest to contest, since
// filling it takes a while. Not thread-safe.
class DataPool {
 public:
  // Makes the pool hold elements of `dtype`, at least `bytes` of them. Fills it anew if it must.
  // `cache_bytes`: the last-level cache. Throws std::bad_alloc, after which the pool is empty.
  void Reserve(DType dtype, size_t bytes, size_t cache_bytes);

  // Makes the pool hold copies of `data` instead, in at least `bytes`, no less than one copy. Each
  // window of data.size() is then one copy. Throws likewise.
  void ReserveCopies(std::span<const std::byte> data, size_t bytes, size_t cache_bytes);

  // The next window: `bytes` (no more than reserved) of legal elements, 64-byte aligned, not in the
  // cache. May read the whole pool to make it so: not to be called with a clock running.
  const std::byte* Take(size_t bytes);

  size_t size() const { return size_; }
  uint64_t sweeps() const { return sweeps_; }  // Times that the whole pool was read.

 private:
  static size_t StrideOf(size_t bytes);
  void Allocate(size_t bytes);
  void Restart();
  void Sweep();

  sdk::AlignedBytes memory_;
  size_t size_ = 0;
  DType dtype_ = DType::kAbsent;  // kAbsent: nothing, or copies.
  size_t cache_bytes_ = 0;
  size_t next_ = 0;  // Where the next window starts.
  uint64_t sweeps_ = 0;
  size_t served_ = 0;  // Bytes in windows since the walk began.
};

}  // namespace tactic::timing
