// Runs and times two calls of one problem against each other, with cold weights: every launch reads
// a copy of the weights that has left the caches, as the layers of a model do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/sdk/host.h"
#include "tactic/sdk/runner.h"

namespace tactic::examples {

// Random numbers between -1 and 1, handed out window by window. Larger than the caches, so that a
// window that comes round again is cold.
class WeightPool {
 public:
  // `cache_bytes`: the last-level cache. Throws std::bad_alloc.
  explicit WeightPool(uint64_t cache_bytes);
  // The next `count` numbers, 64-byte aligned.
  const float* Take(size_t count);

 private:
  size_t size_;  // In floats.
  size_t next_ = 0;
  sdk::AlignedBytes memory_;
};

struct Comparison {
  double chosen_ns = 0;  // Medians.
  double fallback_ns = 0;
  double largest_difference =
      0;  // Between their outputs, over what the op tolerates: agree if <= 1.
};

// Interleaves launches of both until each has `least` samples and `budget_ns` is used up. The calls
// are of one gemm problem of f32.
struct CompareOptions {
  int least = 3;
  double budget_ns = 40e6;
};
Comparison Compare(const sdk::Op& op, const Problem& problem, sdk::Call& chosen,
                   sdk::Call& fallback, WeightPool& weights, const CompareOptions& options);

// Held by one process at a time, so that processes that measure do not disturb each other: a lock
// on a file, released by the kernel when the process dies. No path, no lock.
class Turn {
 public:
  explicit Turn(const char* path);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace tactic::examples
