// Measures the measuring itself: what an empty sample takes, how well one repeats, and whether cold
// data is cold.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "runners/cuda/clock.h"
#include "runners/cuda/gate.h"
#include "tactic/model/device_report.h"

namespace tactic::cuda {

// About 50 ms, and as long again if the clock must first become steady. Takes 4 x L2 of device
// memory meanwhile. Throws CudaError, std::bad_alloc.
SelfCheck CheckSelf(uint64_t l2_bytes, HostGate& gate, SmClock& clock, cudaStream_t stream);

}  // namespace tactic::cuda
