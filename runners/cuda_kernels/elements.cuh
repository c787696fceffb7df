// Elements of different types in vectors, and sums and maxima over a block: what the kernels of
// this folder share.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "tactic/model/problem.h"

namespace tactic::cuda_kernels {

__device__ inline float Widen(float x) { return x; }
__device__ inline float Widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float Widen(__half x) { return __half2float(x); }
template <typename T>
__device__ T Narrow(float x);
template <>
__device__ inline float Narrow<float>(float x) {
  return x;
}
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

template <int bytes>
struct WordOf;
template <>
struct WordOf<2> {
  using Type = unsigned short;
};
template <>
struct WordOf<4> {
  using Type = unsigned int;
};
template <>
struct WordOf<8> {
  using Type = uint2;
};
template <>
struct WordOf<16> {
  using Type = uint4;
};

// Of what this kernel does not read again, so that it goes from the caches first.
template <typename T, int n>
__device__ Vector<T, n> ReadLast(const Vector<T, n>* from) {
  using Word = typename WordOf<n * sizeof(T)>::Type;
  const Word word = __ldcs(reinterpret_cast<const Word*>(from));
  return *reinterpret_cast<const Vector<T, n>*>(&word);
}
template <typename T, int n>
__device__ void WriteLast(Vector<T, n>* to, const Vector<T, n>& value) {
  using Word = typename WordOf<n * sizeof(T)>::Type;
  __stcs(reinterpret_cast<Word*>(to), *reinterpret_cast<const Word*>(&value));
}

template <typename T>
inline constexpr DType kDTypeOf = DType::kAbsent;
template <>
inline constexpr DType kDTypeOf<float> = DType::kF32;
template <>
inline constexpr DType kDTypeOf<__half> = DType::kF16;
template <>
inline constexpr DType kDTypeOf<__nv_bfloat16> = DType::kBF16;

// Calls fn.operator()<T>() with the one of `Types` that is `dtype`.
template <typename... Types, typename Fn>
void WithType(DType dtype, const Fn& fn) {
  static_cast<void>(((dtype == kDTypeOf<Types> && (fn.template operator()<Types>(), true)) || ...));
}

// Calls fn.operator()<n>() with the one of `numbers` that is `number`.
template <int... numbers, typename Fn>
void WithNumber(int number, const Fn& fn) {
  static_cast<void>(((number == numbers && (fn.template operator()<numbers>(), true)) || ...));
}

// Calls fn.operator()<T, n>() for vectors of `vector` elements of `dtype`: no wider than a load.
template <typename... Types, typename Fn>
void WithVector(DType dtype, int vector, const Fn& fn) {
  WithType<Types...>(dtype, [&]<typename T>() {
    WithNumber<8, 4, 2, 1>(vector, [&]<int n>() {
      if constexpr (n * sizeof(T) <= 16) fn.template operator()<T, n>();
    });
  });
}

struct Sum {
  static constexpr float kNothing = 0;
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Max {
  static constexpr float kNothing = -3.402823466e38f;
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Of `value` over all lanes of the warp, in all of them.
template <typename Op>
__device__ float WarpReduce(float value, Op op) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) {
    value = op(value, __shfl_xor_sync(0xffffffff, value, step));
  }
  return value;
}

// Of `value` over all threads of the block, in all of them. `scratch`: a float of shared memory for
// each warp, which may be used again after the next barrier.
template <typename Op>
__device__ float BlockReduce(float value, float* scratch, Op op) {
  value = WarpReduce(value, op);
  const unsigned lane = threadIdx.x % 32;
  if (lane == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  return WarpReduce(lane < blockDim.x / 32 ? scratch[lane] : Op::kNothing, op);
}

}  // namespace tactic::cuda_kernels
