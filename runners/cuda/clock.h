// The multiprocessors' clock: warm-up until it is steady, and the look at it around each round.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

#include "runners/cuda/memory.h"

namespace tactic::cuda {

// Single-threaded.
class SmClock {
 public:
  explicit SmClock(cudaStream_t stream);

  // In MHz, over about 20 us. Waits for the stream.
  double Probe();
  // Calls `busy`, which has the GPU work for a moment and waits for it, until the
  // clock has changed by less than 1 % over three windows of 10 ms: at least 30 ms, at most 500.
  // Does nothing if Mark() was called less than 200 ms ago.
  void Steady(const std::function<void()>& busy);
  // The GPU was busy until now.
  void Mark();

 private:
  cudaStream_t stream_;
  DeviceBytes words_;
  double busy_until_ns_ = 0;
};

}  // namespace tactic::cuda
