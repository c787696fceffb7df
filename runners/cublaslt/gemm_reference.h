// The plain product, each element summed in f64 on the device.
#pragma once

#include <cuda_runtime_api.h>

#include "runners/cublaslt/gemm_op.h"

namespace tactic::cublaslt {

// Enqueues on `stream`. Returns what launching it gave.
cudaError_t ReferenceGemm(const GemmShape& shape, const void* a, const void* b, void* c,
                          cudaStream_t stream);

}  // namespace tactic::cublaslt
