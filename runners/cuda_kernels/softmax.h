// The op `softmax` on a GPU: y[r,c] = exp(x[r,c] - max) / sum over each row of x[rows,cols],
// computed in f32; f32, bf16 or f16. The schema is that of the host lane's op, with more types.
// Tactic of its runner `cuda_softmax`:
//
//   rows_by   who computes a row: a "block" or a "warp" of one
//   threads   of a block: 64 to 1024
//   vector    elements that a thread loads at once: 1 to 8 in 16 bytes; must divide the row
//   keep      hold the row in registers, up to 32 elements a thread, rather than read it twice (the
//             first time for maximum and sum together)
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::cuda_kernels {

// Adds the op and its runner.
void RegisterSoftmax(sdk::Registry& registry);

}  // namespace tactic::cuda_kernels
