#include "tactic/cuda_kernels.h"

#include "runners/cuda_kernels/rms_norm.h"
#include "runners/cuda_kernels/silu_and_mul.h"

namespace tactic {

void RegisterCudaKernels(sdk::Registry& registry) {
  cuda_kernels::RegisterRmsNorm(registry);
  cuda_kernels::RegisterSiluAndMul(registry);
}

}  // namespace tactic
