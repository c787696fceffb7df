// Tables of micro-kernels, filled at compile time. Only for the micro_*.cc files: see
// micro_kernel_inl.h.
#pragma once

#include "runners/host/gemm/micro_kernel_inl.h"

namespace tactic::gemm {

// A shape gives the kernel for each number of rows, unrolling and prefetching.
template <class V, int kVecs>
struct PanelShape {
  static constexpr MicroKind kKind = MicroKind::kPanel;
  static constexpr int kCols = kVecs * V::kLanes;
  template <int kRows, int kUnroll, bool kPrefetch>
  static constexpr MicroFunction kWhole =
      &Panel<V, kRows, WholeColumns<V, kVecs>, kUnroll, kPrefetch>;
  template <int kRows>
  static constexpr MicroFunction kRest = &Panel<V, kRows, SomeColumns<V, kVecs>, 1, false>;
};

template <class V, int kTileCols>
struct DotShape {
  static constexpr MicroKind kKind = MicroKind::kDot;
  static constexpr int kCols = kTileCols;
  template <int kRows, int kUnroll, bool kPrefetch>
  static constexpr MicroFunction kWhole = &Dot<V, kRows, kTileCols, kUnroll, kPrefetch>;
  template <int kRows>
  static constexpr MicroFunction kRest = &DotRest<V, kRows>;
};

template <class V, int kDepth>
struct AxpyShape {
  static constexpr MicroKind kKind = MicroKind::kAxpy;
  static constexpr int kCols = kDepth;
  template <int kRows, int kUnroll, bool kPrefetch>
  static constexpr MicroFunction kWhole = &Axpy<V, kRows, kDepth, kUnroll, kPrefetch>;
  template <int kRows>
  static constexpr MicroFunction kRest = &Axpy<V, kRows, 1, 1, false>;
};

template <class Shape, int kRows>
constexpr void FillRows(Micro& micro) {
  micro.whole[0][0][kRows - 1] = Shape::template kWhole<kRows, kUnrollFactors[0], false>;
  micro.whole[0][1][kRows - 1] = Shape::template kWhole<kRows, kUnrollFactors[0], true>;
  micro.whole[1][0][kRows - 1] = Shape::template kWhole<kRows, kUnrollFactors[1], false>;
  micro.whole[1][1][kRows - 1] = Shape::template kWhole<kRows, kUnrollFactors[1], true>;
  micro.rest[kRows - 1] = Shape::template kRest<kRows>;
  if constexpr (kRows > 1) FillRows<Shape, kRows - 1>(micro);
}

template <class Shape, int kRows>
constexpr Micro MakeMicro(std::string_view name, sdk::VectorSet vector_set) {
  static_assert(kRows <= kMaxMicroRows);
  Micro micro;
  micro.name = name;
  micro.kind = Shape::kKind;
  micro.vector_set = vector_set;
  micro.rows = kRows;
  micro.cols = Shape::kCols;
  FillRows<Shape, kRows>(micro);
  return micro;
}

}  // namespace tactic::gemm
