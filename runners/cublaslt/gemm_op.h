// The op `gemm` on a GPU: c[m,n] = a_scale · b_scale · a[m,k] · b[k,n], row-major but for b, which
// may be stored as [n,k] (col_major). Accumulated in f32. bf16, f16, f32, tf32 (f32 storage, tensor
// cores): c is of the inputs' type. f8e4m3: c is bf16, and the scales undo the quantisation.
#pragma once

#include <cstdint>
#include <memory>

#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic::cublaslt {

struct GemmShape {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  DType dtype = DType::kBF16;
  bool b_transposed = false;  // Stored as [n,k].
  double a_scale = 1;
  double b_scale = 1;
};

// InvalidArgument: not a problem of this op.
Result<GemmShape> ShapeOf(const Problem& problem);
DType OutputType(DType input);

std::unique_ptr<sdk::Op> MakeGemmOp();

}  // namespace tactic::cublaslt
