#include "tactic/cuda_kernels.h"

#include "runners/cuda_kernels/decode_attention.h"
#include "runners/cuda_kernels/rms_norm.h"
#include "runners/cuda_kernels/silu_and_mul.h"
#include "runners/cuda_kernels/softmax.h"

namespace tactic {

void RegisterCudaKernels(sdk::Registry& registry) {
  cuda_kernels::RegisterRmsNorm(registry);
  cuda_kernels::RegisterSiluAndMul(registry);
  cuda_kernels::RegisterSoftmax(registry);
  cuda_kernels::RegisterDecodeAttention(registry);
}

}  // namespace tactic
