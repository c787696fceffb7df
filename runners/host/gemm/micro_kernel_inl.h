// The micro-kernels, written once over a vector type V and compiled once for each vector set.
//
// Only for the micro_*.cc files. Those are compiled with flags that the machine may not support, so
// nothing they emit may be shared with the rest of the program: V must live in an unnamed
// namespace, which makes every instance local to its file, and nothing of the standard library that
// has code may be used here.
//
// V has: Reg, Mask, kLanes; Zero(), Load(p), Broadcast(p), Store(p, r), Add(a, b), Fma(a, b, sum),
// Sum(r); MaskOf(n) = the first n lanes, for n <= 0 none; Load(p, mask) with zeroes elsewhere,
// Store(p, mask, r).
#pragma once

#include "runners/host/gemm/micro_kernel.h"

namespace tactic::gemm {

// The address may lie past the end of the operand, where a prefetch does nothing; hence no pointer
// arithmetic.
static inline __attribute__((always_inline)) void PrefetchAhead(const float* p, int64_t bytes) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) +
                                                   static_cast<uintptr_t>(bytes)));
}

// Where a panel kernel finds its columns: kVecs whole vectors …
template <class V, int kVecs>
struct WholeColumns {
  static constexpr int kVectors = kVecs;
  explicit WholeColumns(int64_t /*cols*/) {}
  typename V::Reg Load(const float* p, int v) const { return V::Load(p + v * V::kLanes); }
  void Store(float* p, int v, typename V::Reg r) const { V::Store(p + v * V::kLanes, r); }
};

// … or the first `cols` of them.
template <class V, int kVecs>
struct SomeColumns {
  static constexpr int kVectors = kVecs;
  explicit SomeColumns(int64_t cols) {
    for (int v = 0; v < kVecs; ++v) mask[v] = V::MaskOf(cols - v * V::kLanes);
  }
  typename V::Reg Load(const float* p, int v) const { return V::Load(p + v * V::kLanes, mask[v]); }
  void Store(float* p, int v, typename V::Reg r) const { V::Store(p + v * V::kLanes, mask[v], r); }
  typename V::Mask mask[kVecs];
};

// `#pragma GCC unroll 16` on loops with constant bounds keeps the accumulators in registers.
template <class V, int kRows, int kCols>
inline __attribute__((always_inline)) void Clear(typename V::Reg (&acc)[kRows][kCols]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int j = 0; j < kCols; ++j) acc[r][j] = V::Zero();
  }
}

template <class V, int kRows, class Columns, int kUnroll, bool kPrefetch>
void Panel(const MicroArgs& t) {
  constexpr int kVecs = Columns::kVectors;
  const Columns columns(t.cols);
  typename V::Reg acc[kRows][kVecs];
  Clear<V>(acc);
  const float* a = t.a;
  const float* b = t.b;
  const auto step = [&]() __attribute__((always_inline)) {
    typename V::Reg row[kVecs];
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) {
      if constexpr (kPrefetch) PrefetchAhead(b + v * V::kLanes, t.prefetch);
      row[v] = columns.Load(b, v);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const typename V::Reg x = V::Broadcast(a + r);
#pragma GCC unroll 16
      for (int v = 0; v < kVecs; ++v) acc[r][v] = V::Fma(x, row[v], acc[r][v]);
    }
    a += kRows;
    b += t.ldb;
  };
  int64_t p = 0;
  for (; p + kUnroll <= t.k; p += kUnroll) {
#pragma GCC unroll 16
    for (int u = 0; u < kUnroll; ++u) step();
  }
  for (; p < t.k; ++p) step();
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) {
      float* c = t.c + r * t.ldc;
      columns.Store(c, v, t.accumulate ? V::Add(columns.Load(c, v), acc[r][v]) : acc[r][v]);
    }
  }
}

// One vector of k for every pair of a row of a and a column of b.
template <class V, int kRows, int kCols, bool kPrefetch>
struct DotTile {
  typename V::Reg acc[kRows][kCols];

  template <class Load>
  __attribute__((always_inline)) void Step(const MicroArgs& t, int64_t p, const Load& load) {
    typename V::Reg x[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) x[r] = load(t.a + r * t.lda + p);
#pragma GCC unroll 16
    for (int j = 0; j < kCols; ++j) {
      const float* b = t.b + j * t.ldb + p;
      if constexpr (kPrefetch) PrefetchAhead(b, t.prefetch);
      const typename V::Reg y = load(b);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) acc[r][j] = V::Fma(x[r], y, acc[r][j]);
    }
  }
};

template <class V, int kRows, int kCols, int kUnroll, bool kPrefetch>
void Dot(const MicroArgs& t) {
  DotTile<V, kRows, kCols, kPrefetch> tile;
  Clear<V>(tile.acc);
  const auto whole = [](const float* q) __attribute__((always_inline)) { return V::Load(q); };
  int64_t p = 0;
  for (; p + kUnroll * V::kLanes <= t.k; p += kUnroll * V::kLanes) {
#pragma GCC unroll 16
    for (int u = 0; u < kUnroll; ++u) tile.Step(t, p + u * V::kLanes, whole);
  }
  for (; p + V::kLanes <= t.k; p += V::kLanes) tile.Step(t, p, whole);
  if (p < t.k) {
    const typename V::Mask mask = V::MaskOf(t.k - p);
    tile.Step(
        t, p, [&](const float* q) __attribute__((always_inline)) { return V::Load(q, mask); });
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int j = 0; j < kCols; ++j) {
      float& c = t.c[r * t.ldc + j];
      c = (t.accumulate ? c : 0.0f) + V::Sum(tile.acc[r][j]);
    }
  }
}

// Fewer columns than the tile has: one at a time.
template <class V, int kRows>
void DotRest(const MicroArgs& t) {
  MicroArgs column = t;
  column.cols = 1;
  for (int64_t j = 0; j < t.cols; ++j) {
    Dot<V, kRows, 1, 1, false>(column);
    column.b += t.ldb;
    ++column.c;
  }
}

// kDepth rows of b are added to each of kRows rows of c.
template <class V, int kRows, int kDepth, int kUnroll, bool kPrefetch>
void Axpy(const MicroArgs& t) {
  typename V::Reg x[kRows][kDepth];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int d = 0; d < kDepth; ++d) x[r][d] = V::Broadcast(t.a + r * t.lda + d);
  }
  const auto step = [&](int64_t j, const auto& columns) __attribute__((always_inline)) {
    typename V::Reg acc[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) acc[r] = columns.Load(t.c + r * t.ldc + j, 0);
#pragma GCC unroll 16
    for (int d = 0; d < kDepth; ++d) {
      const float* b = t.b + d * t.ldb + j;
      if constexpr (kPrefetch) PrefetchAhead(b, t.prefetch);
      const typename V::Reg y = columns.Load(b, 0);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) acc[r] = V::Fma(x[r][d], y, acc[r]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) columns.Store(t.c + r * t.ldc + j, 0, acc[r]);
  };
  const WholeColumns<V, 1> whole(V::kLanes);
  int64_t j = 0;
  for (; j + kUnroll * V::kLanes <= t.cols; j += kUnroll * V::kLanes) {
#pragma GCC unroll 16
    for (int u = 0; u < kUnroll; ++u) step(j + u * V::kLanes, whole);
  }
  for (; j + V::kLanes <= t.cols; j += V::kLanes) step(j, whole);
  if (j < t.cols) step(j, SomeColumns<V, 1>(t.cols - j));
}

}  // namespace tactic::gemm
