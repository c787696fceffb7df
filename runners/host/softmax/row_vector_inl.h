// Vectors of floats in the compiler's own vector extension, and the exponential over them. Compiled
// once for each vector set.
//
// Only for the row_*.cc files. Those are compiled with flags that the machine may not support, so
// nothing they emit may be shared with the rest of the program: V must live in an unnamed
// namespace, which makes every instance local to its file, and nothing of the standard library that
// has code may be used here.
//
// V has: Reg, a vector of floats, and Int, one of int32_t with as many lanes.
#pragma once

#include <cstdint>
#include <cstring>

#define TACTIC_INLINE inline __attribute__((always_inline))

namespace tactic::softmax {

template <class V>
struct Lanes {
  using Reg = typename V::Reg;
  using Int = typename V::Int;
  static constexpr int64_t kCount = sizeof(Reg) / sizeof(float);
  static constexpr float kNone = -__builtin_inff();  // exp of it is 0; it never is the maximum.

  static TACTIC_INLINE Reg All(float x) { return x - Reg{}; }
  static TACTIC_INLINE Reg Load(const float* p) {
    Reg r;
    std::memcpy(&r, p, sizeof(r));
    return r;
  }
  static TACTIC_INLINE void Store(float* p, Reg r) { std::memcpy(p, &r, sizeof(r)); }
  // The first n lanes; kNone in the others.
  static TACTIC_INLINE Reg LoadSome(const float* p, int64_t n) {
    Reg r = All(kNone);
    for (int64_t i = 0; i < n; ++i) r[i] = p[i];
    return r;
  }
  static TACTIC_INLINE void StoreSome(float* p, int64_t n, Reg r) {
    for (int64_t i = 0; i < n; ++i) p[i] = r[i];
  }
  static TACTIC_INLINE Reg Max(Reg a, Reg b) { return a > b ? a : b; }  // b if one is NaN.
  static TACTIC_INLINE float MaxLane(Reg r) {
    float max = r[0];
    for (int64_t i = 1; i < kCount; ++i) max = r[i] > max ? r[i] : max;
    return max;
  }
  static TACTIC_INLINE float Sum(Reg r) {
    float sum = 0;
    for (int64_t i = 0; i < kCount; ++i) sum += r[i];
    return sum;
  }
};

// exp(x) for x <= 0, 0 where it would be less than the least normal float: 2^n * exp(r) with
// n = round(x / ln 2) and |r| <= ln 2 / 2, exp(r) by its series up to r^6 / 720 (the next term is
// below half a unit in the last place).
template <class V>
struct PolynomialExp {
  using L = Lanes<V>;
  static TACTIC_INLINE typename V::Reg Of(typename V::Reg x) {
    constexpr float kLeast = -87.33654f;
    constexpr float kLog2E = 1.44269504f;
    // ln 2 in two parts: the first has few enough bits that n times it is exact.
    constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
    constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer.
    const typename V::Reg least = L::All(kLeast);
    const typename V::Reg clamped = L::Max(least, x);  // Second operand: a NaN stays one.
    const typename V::Reg n = (clamped * kLog2E + kRounder) - kRounder;
    const typename V::Reg r = (clamped - n * kLn2High) - n * kLn2Low;
    typename V::Reg p = r * (1.0f / 720) + (1.0f / 120);
    p = p * r + (1.0f / 24);
    p = p * r + (1.0f / 6);
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const typename V::Int bits = (__builtin_convertvector(n, typename V::Int) + 127) << 23;
    typename V::Reg scale;
    std::memcpy(&scale, &bits, sizeof(scale));
    return x < least ? typename V::Reg{} : p * scale;
  }
};

template <class V>
struct LibraryExp {
  static TACTIC_INLINE typename V::Reg Of(typename V::Reg x) {
    for (int64_t i = 0; i < Lanes<V>::kCount; ++i) x[i] = __builtin_expf(x[i]);
    return x;
  }
};

}  // namespace tactic::softmax
