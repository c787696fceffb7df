// The op `rms_norm`: y[r,c] = x[r,c] · weight[c] / sqrt(mean over c of x[r,c]² + epsilon), summed
// in f32; bf16 or f16. Its runner `rms_norm` has one block a row. Tactic:
//
//   threads   of a block: 64 to 1024
//   vector    elements that a thread loads at once: 1 to 8; must divide the row
//   keep      hold the row in registers between the two passes, up to 4 vectors a thread, rather
//             than read it twice
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::cuda_kernels {

// Adds the op and its runner.
void RegisterRmsNorm(sdk::Registry& registry);

}  // namespace tactic::cuda_kernels
