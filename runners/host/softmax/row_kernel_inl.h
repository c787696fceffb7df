// The row kernels, written once over a vector type V and compiled once for each vector set. Only
// for the row_*.cc files: row_vector_inl.h says why, and what V is.
#pragma once

#include "runners/host/softmax/row_kernel.h"
#include "runners/host/softmax/row_vector_inl.h"

namespace tactic::softmax {

// fn(vector, step) for all of x[0, cols); the last vector is filled up with kNone. `step` counts
// from 0 to kUnroll - 1: with accumulators of their own the steps do not wait for each other.
template <class V, int kUnroll, class Fn>
TACTIC_INLINE void ForEach(const float* x, int64_t cols, const Fn& fn) {
  using L = Lanes<V>;
  int64_t j = 0;
  for (; j + kUnroll * L::kCount <= cols; j += kUnroll * L::kCount) {
#pragma GCC unroll 16
    for (int u = 0; u < kUnroll; ++u) fn(L::Load(x + j + u * L::kCount), u);
  }
  for (; j + L::kCount <= cols; j += L::kCount) fn(L::Load(x + j), 0);
  if (j < cols) fn(L::LoadSome(x + j, cols - j), 0);
}

// y[j] = fn(x[j], step), likewise. x may be y.
template <class V, int kUnroll, class Fn>
TACTIC_INLINE void Map(const float* x, float* y, int64_t cols, const Fn& fn) {
  using L = Lanes<V>;
  int64_t j = 0;
  for (; j + kUnroll * L::kCount <= cols; j += kUnroll * L::kCount) {
#pragma GCC unroll 16
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t at = j + u * L::kCount;
      L::Store(y + at, fn(L::Load(x + at), u));
    }
  }
  for (; j + L::kCount <= cols; j += L::kCount) L::Store(y + j, fn(L::Load(x + j), 0));
  if (j < cols) L::StoreSome(y + j, cols - j, fn(L::LoadSome(x + j, cols - j), 0));
}

template <class V, int kUnroll>
TACTIC_INLINE float MaxOf(const float* x, int64_t cols) {
  using L = Lanes<V>;
  typename V::Reg max[kUnroll];
  for (int u = 0; u < kUnroll; ++u) max[u] = L::All(L::kNone);
  ForEach<V, kUnroll>(
      x, cols, [&](typename V::Reg r, int u) __attribute__((always_inline)) {
        max[u] = L::Max(max[u], r);
      });
  for (int u = 1; u < kUnroll; ++u) max[0] = L::Max(max[0], max[u]);
  return L::MaxLane(max[0]);
}

template <class V, int kUnroll>
TACTIC_INLINE float Total(const typename V::Reg (&sums)[kUnroll]) {
  typename V::Reg sum = sums[0];
  for (int u = 1; u < kUnroll; ++u) sum += sums[u];
  return Lanes<V>::Sum(sum);
}

template <class V, class Exp, int kUnroll>
void StoreRow(const float* x, float* y, int64_t cols) {
  using Reg = typename V::Reg;
  const float max = MaxOf<V, kUnroll>(x, cols);
  Reg sums[kUnroll] = {};
  Map<V, kUnroll>(
      x, y, cols, [&](Reg r, int u) __attribute__((always_inline)) {
        const Reg e = Exp::Of(r - max);
        sums[u] += e;
        return e;
      });
  const float scale = 1.0f / Total<V, kUnroll>(sums);
  Map<V, kUnroll>(
      y, y, cols, [&](Reg r, int) __attribute__((always_inline))->Reg { return r * scale; });
}

template <class V, class Exp, int kUnroll>
TACTIC_INLINE void Finish(const float* x, float* y, int64_t cols, float max, float sum) {
  using Reg = typename V::Reg;
  const float scale = 1.0f / sum;
  Map<V, kUnroll>(
      x, y, cols, [&](Reg r, int) __attribute__((always_inline))->Reg {
        return Exp::Of(r - max) * scale;
      });
}

template <class V, class Exp, int kUnroll>
void RecomputeRow(const float* x, float* y, int64_t cols) {
  using Reg = typename V::Reg;
  const float max = MaxOf<V, kUnroll>(x, cols);
  Reg sums[kUnroll] = {};
  ForEach<V, kUnroll>(
      x, cols, [&](Reg r, int u) __attribute__((always_inline)) { sums[u] += Exp::Of(r - max); });
  Finish<V, Exp, kUnroll>(x, y, cols, max, Total<V, kUnroll>(sums));
}

// Every lane of every step keeps the maximum so far and the sum of exponentials relative to it. The
// maximum starts at the least finite value: relative to -inf even -inf would count as 1.
template <class V, class Exp, int kUnroll>
void OnlineRow(const float* x, float* y, int64_t cols) {
  using L = Lanes<V>;
  using Reg = typename V::Reg;
  Reg maxima[kUnroll], sums[kUnroll] = {};
  for (int u = 0; u < kUnroll; ++u) maxima[u] = L::All(-__FLT_MAX__);
  ForEach<V, kUnroll>(
      x, cols, [&](Reg r, int u) __attribute__((always_inline)) {
        const Reg max = L::Max(maxima[u], r);
        sums[u] = sums[u] * Exp::Of(maxima[u] - max) + Exp::Of(r - max);
        maxima[u] = max;
      });
  Reg top = maxima[0];
  for (int u = 1; u < kUnroll; ++u) top = L::Max(top, maxima[u]);
  const float max = L::MaxLane(top);
  for (int u = 0; u < kUnroll; ++u) sums[u] *= Exp::Of(maxima[u] - max);
  Finish<V, Exp, kUnroll>(x, y, cols, max, Total<V, kUnroll>(sums));
}

template <class V, class Exp>
constexpr void Fill(RowKernels& kernels, Exponential exponential) {
  const auto put = [&](Passes passes, RowFunction once, RowFunction often) {
    auto& functions = kernels.function[static_cast<int>(passes)][static_cast<int>(exponential)];
    functions[0] = once;
    functions[1] = often;
  };
  constexpr int kOnce = kUnrollFactors[0], kOften = kUnrollFactors[1];
  put(Passes::kStore, &StoreRow<V, Exp, kOnce>, &StoreRow<V, Exp, kOften>);
  put(Passes::kRecompute, &RecomputeRow<V, Exp, kOnce>, &RecomputeRow<V, Exp, kOften>);
  put(Passes::kOnline, &OnlineRow<V, Exp, kOnce>, &OnlineRow<V, Exp, kOften>);
}

template <class V>
constexpr RowKernels PolynomialKernels() {
  RowKernels kernels;
  Fill<V, PolynomialExp<V>>(kernels, Exponential::kPolynomial);
  return kernels;
}

}  // namespace tactic::softmax
