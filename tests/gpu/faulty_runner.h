// An op for tests on a GPU, `copy`, with a runner whose tactics do everything wrong that a CUDA
// kernel, or its host code, can do.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::testing {

// `copy`: y[n] = x[n], f32. Attributes: `acts`, a comma-separated list of tactics beside the
// well-behaved ones, each {act: NAME}; `good`, how many well-behaved ones.
void RegisterFaulty(sdk::Registry& registry);

}  // namespace tactic::testing
