#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "runners/cublaslt/gemm_reference.h"

namespace tactic::cublaslt {
namespace {

constexpr int kTile = 16;

__device__ double Widen(float x) { return static_cast<double>(x); }
__device__ double Widen(__half x) { return static_cast<double>(__half2float(x)); }
__device__ double Widen(__nv_bfloat16 x) { return static_cast<double>(__bfloat162float(x)); }
__device__ double Widen(__nv_fp8_e4m3 x) { return static_cast<double>(static_cast<float>(x)); }

template <typename T>
__device__ T Narrow(double x);
template <>
__device__ float Narrow<float>(double x) {
  return static_cast<float>(x);
}
template <>
__device__ __half Narrow<__half>(double x) {
  return __double2half(x);
}
template <>
__device__ __nv_bfloat16 Narrow<__nv_bfloat16>(double x) {
  return __double2bfloat16(x);
}

template <typename In, typename Out>
__global__ void GemmKernel(GemmShape s, const In* a, const In* b, Out* c) {
  __shared__ double a_tile[kTile][kTile];
  __shared__ double b_tile[kTile][kTile + 1];
  const int64_t row = int64_t{blockIdx.y} * kTile + threadIdx.y;
  const int64_t col = int64_t{blockIdx.x} * kTile + threadIdx.x;
  // Of b transposed, a tile's rows run along k: neighbouring threads read neighbouring elements.
  const int64_t b_col = s.b_transposed ? int64_t{blockIdx.x} * kTile + threadIdx.y : col;
  double sum = 0;
  for (int64_t k = 0; k < s.k; k += kTile) {
    const int64_t a_k = k + threadIdx.x;
    a_tile[threadIdx.y][threadIdx.x] = row < s.m && a_k < s.k ? Widen(a[row * s.k + a_k]) : 0.0;
    if (s.b_transposed) {
      const double value = b_col < s.n && a_k < s.k ? Widen(b[b_col * s.k + a_k]) : 0.0;
      b_tile[threadIdx.x][threadIdx.y] = value;
    } else {
      const int64_t b_k = k + threadIdx.y;
      b_tile[threadIdx.y][threadIdx.x] =
          b_col < s.n && b_k < s.k ? Widen(b[b_k * s.n + b_col]) : 0.0;
    }
    __syncthreads();
    for (int i = 0; i < kTile; ++i) sum += a_tile[threadIdx.y][i] * b_tile[i][threadIdx.x];
    __syncthreads();
  }
  if (row < s.m && col < s.n) c[row * s.n + col] = Narrow<Out>(s.a_scale * s.b_scale * sum);
}

template <typename In, typename Out>
cudaError_t Launch(const GemmShape& s, const void* a, const void* b, void* c, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((s.n + kTile - 1) / kTile),
                  static_cast<unsigned>((s.m + kTile - 1) / kTile));
  if (grid.x == 0 || grid.y == 0) return cudaSuccess;
  GemmKernel<<<grid, dim3(kTile, kTile), 0, stream>>>(
      s, static_cast<const In*>(a), static_cast<const In*>(b), static_cast<Out*>(c));
  return cudaGetLastError();
}

}  // namespace

cudaError_t ReferenceGemm(const GemmShape& shape, const void* a, const void* b, void* c,
                          cudaStream_t stream) {
  switch (shape.dtype) {
    case DType::kBF16:
      return Launch<__nv_bfloat16, __nv_bfloat16>(shape, a, b, c, stream);
    case DType::kF16:
      return Launch<__half, __half>(shape, a, b, c, stream);
    case DType::kF8E4M3:
      return Launch<__nv_fp8_e4m3, __nv_bfloat16>(shape, a, b, c, stream);
    default:
      return Launch<float, float>(shape, a, b, c, stream);
  }
}

}  // namespace tactic::cublaslt
