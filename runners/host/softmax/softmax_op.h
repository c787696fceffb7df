// The op `softmax`: y[rows,cols] = exp(x - max) / sum over each row of x, in f32.
#pragma once

#include <cstdint>
#include <memory>

#include "tactic/sdk/runner.h"

namespace tactic::softmax {

struct Shape {
  int64_t rows = 0;
  int64_t cols = 0;
};

// InvalidArgument if the problem is not one of this op.
Result<Shape> ShapeOf(const Problem& problem);

std::unique_ptr<sdk::Op> MakeSoftmaxOp();

}  // namespace tactic::softmax
