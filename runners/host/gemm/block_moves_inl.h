// The functions of a MicroSet that move blocks or sum them plainly. Only for the micro_*.cc files:
// micro_kernel_inl.h says why, and what V is; here it also has kSquare and TransposeSquare(src,
// src_ld, dst, dst_ld).
#pragma once

#include <cstdint>

namespace tactic::gemm {

// MicroSet::transpose: squares of V::kSquare in registers, the rims one by one.
template <class V>
void Transpose(const float* src, int64_t src_ld, int64_t rows, int64_t k, float* dst,
               int64_t dst_ld) {
  constexpr int64_t kSquare = V::kSquare;
  int64_t i = 0;
  for (; i + kSquare <= rows; i += kSquare) {
    int64_t p = 0;
    for (; p + kSquare <= k; p += kSquare) {
      V::TransposeSquare(src + i * src_ld + p, src_ld, dst + p * dst_ld + i, dst_ld);
    }
    for (; p < k; ++p) {
      for (int64_t s = i; s < i + kSquare; ++s) dst[p * dst_ld + s] = src[s * src_ld + p];
    }
  }
  for (; i < rows; ++i) {
    for (int64_t p = 0; p < k; ++p) dst[p * dst_ld + i] = src[i * src_ld + p];
  }
}

// MicroSet::copy.
template <class V>
void Copy(const float* src, int64_t src_ld, int64_t cols, int64_t k, float* dst, int64_t dst_ld) {
  for (int64_t p = 0; p < k; ++p) {
    const float* from = src + p * src_ld;
    float* to = dst + p * dst_ld;
    int64_t j = 0;
    for (; j + V::kLanes <= cols; j += V::kLanes) V::Store(to + j, V::Load(from + j));
    for (; j < cols; ++j) to[j] = from[j];
  }
}

// Plain loops for the compiler to vectorise; V is only there to make the instance local to its
// file.
template <class V, int kRows, int kDepth>
void AccumulateTile(const float* a, int64_t lda, const float* b, int64_t cols,
                    double* __restrict acc) {
  for (int64_t j = 0; j < cols; ++j) {
    double y[kDepth];
    for (int d = 0; d < kDepth; ++d) y[d] = static_cast<double>(b[d * cols + j]);
    for (int r = 0; r < kRows; ++r) {
      double sum = acc[r * cols + j];
      for (int d = 0; d < kDepth; ++d) sum += static_cast<double>(a[r * lda + d]) * y[d];
      acc[r * cols + j] = sum;
    }
  }
}

template <class V>
void Accumulate(const float* a, int64_t lda, int64_t rows, int64_t k, const float* b, int64_t cols,
                double* acc) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float* x = a + i * lda;
    int64_t p = 0;
    for (; p + 4 <= k; p += 4)
      AccumulateTile<V, 4, 4>(x + p, lda, b + p * cols, cols, acc + i * cols);
    for (; p < k; ++p) AccumulateTile<V, 4, 1>(x + p, lda, b + p * cols, cols, acc + i * cols);
  }
  for (; i < rows; ++i) {
    for (int64_t p = 0; p < k; ++p) {
      AccumulateTile<V, 1, 1>(a + i * lda + p, lda, b + p * cols, cols, acc + i * cols);
    }
  }
}

}  // namespace tactic::gemm
