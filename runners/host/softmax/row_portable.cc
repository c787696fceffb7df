// For any CPU: vectors of four floats. Also the one that calls the C library's exponential.
#include "runners/host/softmax/row_kernel_inl.h"

namespace tactic::softmax {

namespace {

struct V {
  typedef float Reg __attribute__((vector_size(16)));
  typedef int32_t Int __attribute__((vector_size(16)));
};

constexpr RowKernels AllKernels() {
  RowKernels kernels = PolynomialKernels<V>();
  Fill<V, LibraryExp<V>>(kernels, Exponential::kLibrary);
  return kernels;
}

}  // namespace

const RowKernels& PortableRowKernels() {
  static constexpr RowKernels kKernels = AllKernels();
  return kKernels;
}

}  // namespace tactic::softmax
