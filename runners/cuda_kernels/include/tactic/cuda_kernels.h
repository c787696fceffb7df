// Our own kernels for NVIDIA GPUs: the ops `rms_norm`, `silu_and_mul`, `softmax` and
// `decode_attention`, and their runners.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic {

// For the process's current GPU; without one the runners list and prepare tactics, but cannot run.
void RegisterCudaKernels(sdk::Registry& registry);

}  // namespace tactic
