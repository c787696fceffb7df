// Our own kernels for NVIDIA GPUs: the ops `rms_norm` and `silu_and_mul` and their runners.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic {

// The process has a current GPU.
void RegisterCudaKernels(sdk::Registry& registry);

}  // namespace tactic
