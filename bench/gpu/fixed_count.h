// The fixed-count procedure of TensorRT-LLM's AutoTuner, for comparison: each candidate after the
// other, two warm-up launches, then two in a CUDA graph behind a delay of 100 us, and if one takes
// up to 1 ms, ten in another; the least mean wins. Inputs rotate over 3 x L2 / bytes + 1 copies, at
// most 11, which are copied anew for each candidate. Only what that procedure does on the device
// and in the driver is done here, not what its Python costs beside; and its checks: none.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/gpu/regret_problem.h"

namespace tactic::bench {

struct FixedCountResult {
  int pick = -1;
  double seconds = 0;               // From the first candidate to the pick.
  std::vector<double> nanoseconds;  // By candidate; 0: it failed.
  int launches = 0;
};

// Throws cuda::CudaError where the device itself fails.
FixedCountResult RunFixedCount(const RegretProblem& problem, uint64_t l2_bytes);

}  // namespace tactic::bench
