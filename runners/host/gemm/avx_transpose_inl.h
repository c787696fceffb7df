// A transpose of 8 x 8 floats in AVX registers, for the micro_*.cc files that are compiled with AVX
// (see micro_kernel_inl.h for the rules of such files).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace tactic::gemm {

// dst[p * dst_ld + i] = src[i * src_ld + p] for i, p < 8. V makes the instance local to its file.
template <class V>
inline __attribute__((always_inline)) void TransposeEight(const float* src, int64_t src_ld,
                                                          float* dst, int64_t dst_ld) {
  __m256 row[8], pair[8], quad[8];
#pragma GCC unroll 16
  for (int i = 0; i < 8; ++i) row[i] = _mm256_loadu_ps(src + i * src_ld);
#pragma GCC unroll 16
  for (int i = 0; i < 8; i += 2) {
    pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 8; i += 4) {
    quad[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], _MM_SHUFFLE(1, 0, 1, 0));
    quad[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], _MM_SHUFFLE(3, 2, 3, 2));
    quad[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], _MM_SHUFFLE(1, 0, 1, 0));
    quad[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], _MM_SHUFFLE(3, 2, 3, 2));
  }
#pragma GCC unroll 16
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(dst + i * dst_ld, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
    _mm256_storeu_ps(dst + (i + 4) * dst_ld, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
  }
}

}  // namespace tactic::gemm
