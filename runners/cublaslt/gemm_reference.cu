#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "runners/cublaslt/gemm_reference.h"

namespace tactic::cublaslt {
namespace {

constexpr int kSide = 16;  // A block has kSide x kSide threads.
constexpr int kEach = 4;
constexpr int kTile = kSide * kEach;
constexpr int kDepth = 16;  // Of k at a time.

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

// A block computes kTile x kTile elements, each thread kEach x kEach of them, kTile / kEach apart:
// so that neighbouring threads read neighbouring words of shared memory.
template <typename In, typename Out>
__global__ void __launch_bounds__(kSide* kSide)
    GemmKernel(GemmShape s, const In* a, const In* b, Out* c) {
  __shared__ double a_tile[kDepth][kTile + 1];
  __shared__ double b_tile[kDepth][kTile + 1];
  const int64_t first_row = int64_t{blockIdx.y} * kTile;
  const int64_t first_col = int64_t{blockIdx.x} * kTile;
  const int thread = threadIdx.y * kSide + threadIdx.x;
  double sum[kEach][kEach] = {};
  for (int64_t first_k = 0; first_k < s.k; first_k += kDepth) {
    for (int i = thread; i < kTile * kDepth; i += kSide * kSide) {
      // Along k where k is what lies together in memory.
      const int64_t k = first_k + i % kDepth;
      const int64_t row = first_row + i / kDepth;
      a_tile[i % kDepth][i / kDepth] = row < s.m && k < s.k ? Widen(a[row * s.k + k]) : 0.0;
      if (s.b_transposed) {
        const int64_t col = first_col + i / kDepth;
        b_tile[i % kDepth][i / kDepth] = col < s.n && k < s.k ? Widen(b[col * s.k + k]) : 0.0;
      } else {
        const int64_t col = first_col + i % kTile;
        const int64_t b_k = first_k + i / kTile;
        b_tile[i / kTile][i % kTile] = col < s.n && b_k < s.k ? Widen(b[b_k * s.n + col]) : 0.0;
      }
    }
    __syncthreads();
    for (int k = 0; k < kDepth; ++k) {
      double left[kEach], right[kEach];
      for (int i = 0; i < kEach; ++i) left[i] = a_tile[k][threadIdx.y + i * kSide];
      for (int j = 0; j < kEach; ++j) right[j] = b_tile[k][threadIdx.x + j * kSide];
      for (int i = 0; i < kEach; ++i) {
        for (int j = 0; j < kEach; ++j) sum[i][j] += left[i] * right[j];
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < kEach; ++i) {
    for (int j = 0; j < kEach; ++j) {
      const int64_t row = first_row + threadIdx.y + i * kSide;
      const int64_t col = first_col + threadIdx.x + j * kSide;
      if (row < s.m && col < s.n)
        c[row * s.n + col] = Narrow<Out>(s.a_scale * s.b_scale * sum[i][j]);
    }
  }
}

template <typename In, typename Out>
cudaError_t Launch(const GemmShape& s, const void* a, const void* b, void* c, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((s.n + kTile - 1) / kTile),
                  static_cast<unsigned>((s.m + kTile - 1) / kTile));
  if (grid.x == 0 || grid.y == 0) return cudaSuccess;
  GemmKernel<<<grid, dim3(kSide, kSide), 0, stream>>>(
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
