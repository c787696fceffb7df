// The op `silu_and_mul`: of x[rows, 2·cols] the left half goes through silu and is multiplied by
// the right half: y[r,c] = x[r,c] / (1 + exp(-x[r,c])) · x[r, cols + c]; bf16 or f16, computed in
// f32. `width` of the schema is 2·cols. Tactic of its runner `silu_and_mul`:
//
//   threads   of a block: 64 to 1024
//   vector    elements that a thread loads at once: 1 to 8; must divide cols
//   unroll    vectors of each half that a thread has in flight: 1, 2 or 4
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::cuda_kernels {

// Adds the op and its runner.
void RegisterSiluAndMul(sdk::Registry& registry);

}  // namespace tactic::cuda_kernels
