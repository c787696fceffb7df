// Compiled for AVX-512 (F, BW, DQ, VL) whatever the rest is compiled for: see micro_kernel_inl.h.
#include <immintrin.h>

#include "runners/host/gemm/avx_transpose_inl.h"
#include "runners/host/gemm/block_moves_inl.h"
#include "runners/host/gemm/micro_table_inl.h"

namespace tactic::gemm {

namespace {

#define TACTIC_INLINE static inline __attribute__((always_inline))

struct V {
  using Reg = __m512;
  using Mask = __mmask16;
  static constexpr int kLanes = 16;
  static constexpr int kSquare = 8;

  TACTIC_INLINE Reg Zero() { return _mm512_setzero_ps(); }
  TACTIC_INLINE Reg Load(const float* p) { return _mm512_loadu_ps(p); }
  TACTIC_INLINE Reg Load(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
  TACTIC_INLINE Reg Broadcast(const float* p) { return _mm512_set1_ps(*p); }
  TACTIC_INLINE void Store(float* p, Reg r) { _mm512_storeu_ps(p, r); }
  TACTIC_INLINE void Store(float* p, Mask mask, Reg r) { _mm512_mask_storeu_ps(p, mask, r); }
  TACTIC_INLINE Reg Add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  TACTIC_INLINE Reg Fma(Reg a, Reg b, Reg sum) { return _mm512_fmadd_ps(a, b, sum); }
  // Zero-masked extracts: what _mm512_reduce_add_ps and the casts use has undefined lanes in GCC
  // 12's header, of which GCC 12 itself warns.
  TACTIC_INLINE float Sum(Reg r) {
    const __m256 eight = _mm256_add_ps(_mm512_maskz_extractf32x8_ps(0xff, r, 0),
                                       _mm512_maskz_extractf32x8_ps(0xff, r, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  TACTIC_INLINE Mask MaskOf(int64_t n) {
    return static_cast<Mask>(n >= kLanes ? 0xffff : n <= 0 ? 0 : (1u << n) - 1);
  }
  TACTIC_INLINE void TransposeSquare(const float* src, int64_t src_ld, float* dst, int64_t dst_ld) {
    TransposeEight<V>(src, src_ld, dst, dst_ld);
  }
};

using sdk::VectorSet;

constexpr Micro kMicros[] = {
    MakeMicro<PanelShape<V, 2>, 14>("avx512_14x32", VectorSet::kAvx512),
    MakeMicro<PanelShape<V, 2>, 8>("avx512_8x32", VectorSet::kAvx512),
    MakeMicro<PanelShape<V, 3>, 8>("avx512_8x48", VectorSet::kAvx512),
    MakeMicro<PanelShape<V, 4>, 6>("avx512_6x64", VectorSet::kAvx512),
    MakeMicro<PanelShape<V, 8>, 2>("avx512_2x128", VectorSet::kAvx512),
    MakeMicro<DotShape<V, 6>, 4>("avx512_dot_4x6", VectorSet::kAvx512),
    MakeMicro<DotShape<V, 3>, 8>("avx512_dot_8x3", VectorSet::kAvx512),
    MakeMicro<DotShape<V, 8>, 2>("avx512_dot_2x8", VectorSet::kAvx512),
    MakeMicro<DotShape<V, 4>, 1>("avx512_dot_1x4", VectorSet::kAvx512),
    MakeMicro<AxpyShape<V, 16>, 1>("avx512_axpy_1x16", VectorSet::kAvx512),
    MakeMicro<AxpyShape<V, 8>, 2>("avx512_axpy_2x8", VectorSet::kAvx512),
    MakeMicro<AxpyShape<V, 4>, 4>("avx512_axpy_4x4", VectorSet::kAvx512),
};

}  // namespace

const MicroSet& Avx512Micros() {
  static constexpr MicroSet kSet{kMicros, &Transpose<V>, &Copy<V>, &Accumulate<V>};
  return kSet;
}

}  // namespace tactic::gemm
