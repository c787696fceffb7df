// An op and a runner of a program's own: row-wise layer normalisation for the CPU.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::examples {

// layer_norm: x [rows,cols], gamma [cols], beta [cols], f32; attribute eps. y = (x - mean) / sqrt(
// variance + eps) * gamma + beta, mean and variance of each row.
//
// Runner row_blocks, with the tactic parameters
//   lanes   1, 4, 8 or 16: partial sums that are added up side by side.
//   passes  1: mean and variance from one reading of the row; 2: one after the other.
//   block   1, 4 or 16: rows whose sums are taken before any of them is written.
// Default: lanes=8 passes=2 block=1.
void RegisterLayerNorm(sdk::Registry& registry);

}  // namespace tactic::examples
