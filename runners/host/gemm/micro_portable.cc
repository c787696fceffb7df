// For any CPU: vectors of four floats in the compiler's own terms.
#include <cstring>

#include "runners/host/gemm/block_moves_inl.h"
#include "runners/host/gemm/micro_table_inl.h"

namespace tactic::gemm {

namespace {

#define TACTIC_INLINE static inline __attribute__((always_inline))

struct V {
  typedef float Reg __attribute__((vector_size(16)));
  using Mask = int;  // How many lanes.
  static constexpr int kLanes = 4;
  static constexpr int kSquare = 4;

  TACTIC_INLINE Reg Zero() { return Reg{0, 0, 0, 0}; }
  TACTIC_INLINE Reg Load(const float* p) {
    Reg r;
    std::memcpy(&r, p, sizeof(r));
    return r;
  }
  TACTIC_INLINE Reg Load(const float* p, Mask lanes) {
    Reg r = Zero();
    for (int i = 0; i < lanes; ++i) r[i] = p[i];
    return r;
  }
  TACTIC_INLINE Reg Broadcast(const float* p) { return Reg{*p, *p, *p, *p}; }
  TACTIC_INLINE void Store(float* p, Reg r) { std::memcpy(p, &r, sizeof(r)); }
  TACTIC_INLINE void Store(float* p, Mask lanes, Reg r) {
    for (int i = 0; i < lanes; ++i) p[i] = r[i];
  }
  TACTIC_INLINE Reg Add(Reg a, Reg b) { return a + b; }
  TACTIC_INLINE Reg Fma(Reg a, Reg b, Reg sum) { return sum + a * b; }
  TACTIC_INLINE float Sum(Reg r) { return (r[0] + r[1]) + (r[2] + r[3]); }
  TACTIC_INLINE Mask MaskOf(int64_t n) {
    return static_cast<Mask>(n >= kLanes ? kLanes : n <= 0 ? 0 : n);
  }
  TACTIC_INLINE void TransposeSquare(const float* src, int64_t src_ld, float* dst, int64_t dst_ld) {
    for (int64_t i = 0; i < kSquare; ++i) {
      for (int64_t p = 0; p < kSquare; ++p) dst[p * dst_ld + i] = src[i * src_ld + p];
    }
  }
};

using sdk::VectorSet;

constexpr Micro kMicros[] = {
    MakeMicro<PanelShape<V, 2>, 4>("portable_4x8", VectorSet::kSse2),
    MakeMicro<PanelShape<V, 4>, 2>("portable_2x16", VectorSet::kSse2),
    MakeMicro<DotShape<V, 4>, 2>("portable_dot_2x4", VectorSet::kSse2),
    MakeMicro<DotShape<V, 8>, 1>("portable_dot_1x8", VectorSet::kSse2),
    MakeMicro<AxpyShape<V, 4>, 1>("portable_axpy_1x4", VectorSet::kSse2),
    MakeMicro<AxpyShape<V, 4>, 2>("portable_axpy_2x4", VectorSet::kSse2),
};

}  // namespace

const MicroSet& PortableMicros() {
  static constexpr MicroSet kSet{kMicros, &Transpose<V>, &Copy<V>, &Accumulate<V>};
  return kSet;
}

}  // namespace tactic::gemm
