// The op `gemm`: c[m,n] = a[m,k] * b[k,n] in f32. b is row-major, or col-major: stored as its
// transpose [n,k], as the weights of a linear layer usually are.
#pragma once

#include <cstdint>
#include <memory>

#include "tactic/sdk/runner.h"

namespace tactic::gemm {

struct Shape {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  bool b_transposed = false;
};

// InvalidArgument if the problem is not one of this op.
Result<Shape> ShapeOf(const Problem& problem);

std::unique_ptr<sdk::Op> MakeGemmOp();

}  // namespace tactic::gemm
