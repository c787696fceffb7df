// A kernel that does nothing for a while.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tactic::bench {

void Delay(uint64_t nanoseconds, cudaStream_t stream);

}  // namespace tactic::bench
