// Compiled for AVX2 and FMA whatever the rest is compiled for: see micro_kernel_inl.h.
#include <immintrin.h>

#include "runners/host/gemm/avx_transpose_inl.h"
#include "runners/host/gemm/block_moves_inl.h"
#include "runners/host/gemm/micro_table_inl.h"

namespace tactic::gemm {

namespace {

#define TACTIC_INLINE static inline __attribute__((always_inline))

struct V {
  using Reg = __m256;
  using Mask = __m256i;
  static constexpr int kLanes = 8;
  static constexpr int kSquare = 8;

  TACTIC_INLINE Reg Zero() { return _mm256_setzero_ps(); }
  TACTIC_INLINE Reg Load(const float* p) { return _mm256_loadu_ps(p); }
  TACTIC_INLINE Reg Load(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
  TACTIC_INLINE Reg Broadcast(const float* p) { return _mm256_broadcast_ss(p); }
  TACTIC_INLINE void Store(float* p, Reg r) { _mm256_storeu_ps(p, r); }
  TACTIC_INLINE void Store(float* p, Mask mask, Reg r) { _mm256_maskstore_ps(p, mask, r); }
  TACTIC_INLINE Reg Add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  TACTIC_INLINE Reg Fma(Reg a, Reg b, Reg sum) { return _mm256_fmadd_ps(a, b, sum); }
  TACTIC_INLINE float Sum(Reg r) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  TACTIC_INLINE Mask MaskOf(int64_t n) {
    const int lanes = static_cast<int>(n >= kLanes ? kLanes : n <= 0 ? 0 : n);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  TACTIC_INLINE void TransposeSquare(const float* src, int64_t src_ld, float* dst, int64_t dst_ld) {
    TransposeEight<V>(src, src_ld, dst, dst_ld);
  }
};

using sdk::VectorSet;

constexpr Micro kMicros[] = {
    MakeMicro<PanelShape<V, 2>, 6>("avx2_6x16", VectorSet::kAvx2Fma),
    MakeMicro<PanelShape<V, 3>, 4>("avx2_4x24", VectorSet::kAvx2Fma),
    MakeMicro<PanelShape<V, 2>, 4>("avx2_4x16", VectorSet::kAvx2Fma),
    MakeMicro<PanelShape<V, 4>, 2>("avx2_2x32", VectorSet::kAvx2Fma),
    MakeMicro<PanelShape<V, 8>, 1>("avx2_1x64", VectorSet::kAvx2Fma),
    MakeMicro<DotShape<V, 3>, 4>("avx2_dot_4x3", VectorSet::kAvx2Fma),
    MakeMicro<DotShape<V, 4>, 3>("avx2_dot_3x4", VectorSet::kAvx2Fma),
    MakeMicro<DotShape<V, 6>, 2>("avx2_dot_2x6", VectorSet::kAvx2Fma),
    MakeMicro<DotShape<V, 4>, 1>("avx2_dot_1x4", VectorSet::kAvx2Fma),
    MakeMicro<DotShape<V, 8>, 1>("avx2_dot_1x8", VectorSet::kAvx2Fma),
    MakeMicro<AxpyShape<V, 4>, 1>("avx2_axpy_1x4", VectorSet::kAvx2Fma),
    MakeMicro<AxpyShape<V, 8>, 1>("avx2_axpy_1x8", VectorSet::kAvx2Fma),
    MakeMicro<AxpyShape<V, 4>, 2>("avx2_axpy_2x4", VectorSet::kAvx2Fma),
    MakeMicro<AxpyShape<V, 2>, 4>("avx2_axpy_4x2", VectorSet::kAvx2Fma),
};

}  // namespace

const MicroSet& Avx2Micros() {
  static constexpr MicroSet kSet{kMicros, &Transpose<V>, &Copy<V>, &Accumulate<V>};
  return kSet;
}

}  // namespace tactic::gemm
