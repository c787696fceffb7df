// Compiled for AVX-512 (F, BW, DQ, VL) whatever the rest is compiled for: see row_kernel_inl.h.
#include "runners/host/softmax/row_kernel_inl.h"

namespace tactic::softmax {

namespace {

struct V {
  typedef float Reg __attribute__((vector_size(64)));
  typedef int32_t Int __attribute__((vector_size(64)));
};

}  // namespace

const RowKernels& Avx512RowKernels() {
  static constexpr RowKernels kKernels = PolynomialKernels<V>();
  return kKernels;
}

}  // namespace tactic::softmax
