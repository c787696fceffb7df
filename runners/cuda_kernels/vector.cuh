// Elements of 16-bit types in vectors, and sums over a block: what the kernels of this folder
// share.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace tactic::cuda_kernels {

__device__ inline float Widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float Widen(__half x) { return __half2float(x); }
template <typename T>
__device__ T Narrow(float x);
template <>
__device__ inline __nv_bfloat16 Narrow<__nv_bfloat16>(float x) {
  return __float2bfloat16(x);
}
template <>
__device__ inline __half Narrow<__half>(float x) {
  return __float2half(x);
}

// `n` neighbouring elements, loaded and stored at once.
template <typename T, int n>
struct alignas(n * sizeof(T)) Vector {
  T at[n];
};

// The sum of `value` over all threads of the block, in all of them. `scratch`: 33 floats of shared
// memory; may be used again after the next barrier.
__device__ inline float BlockSum(float value, float* scratch) {
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffff, value, step);
  const int warps = static_cast<int>(blockDim.x) / 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (lane == 0) scratch[warp] = value;
  __syncthreads();
  if (warp == 0) {
    float sum = lane < warps ? scratch[lane] : 0.0f;
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
    if (lane == 0) scratch[32] = sum;
  }
  __syncthreads();
  return scratch[32];
}

}  // namespace tactic::cuda_kernels
