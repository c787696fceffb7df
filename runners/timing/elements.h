// Elements of tensors in host memory: filling inputs, comparing outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

// How a random word becomes legal elements of a type: (word & mask) + base.
struct RandomRule {
  uint64_t mask = 0;
  uint64_t base = 0;
};
RandomRule RandomRuleOf(DType dtype);

// Fills `bytes` with elements of `dtype` that depend on `seed` and the place only. Floating-point
// types: either sign, full random mantissa, magnitudes in [1/16, 1), never zero or NaN; integers: 1
// to 8. Random, because power, and so clock, depends on the data, and because repeats would hide
// swapped rows.
void FillRandom(DType dtype, std::span<std::byte> bytes, uint64_t seed);

// The same with values in [low, high], rounded to what `dtype` holds, or indices in [0, below).
// REQUIRES: both ends are within Least and Greatest, and whole unless the type is floating-point;
// for indices an integer type.
void FillUniform(DType dtype, std::span<std::byte> bytes, double low, double high, uint64_t seed);
void FillIndices(DType dtype, std::span<std::byte> bytes, int64_t below, uint64_t seed);

bool IsInteger(DType dtype);  // bool is none.
// The ends of what a type holds, and, for 64-bit integers, of what a double can say exactly.
double Least(DType dtype);
double Greatest(DType dtype);

// What outputs hold before a launch that is checked: NaN in every floating-point type.
inline constexpr std::byte kPoison{0xff};

// The first element of `got` that is not right, for people: unwritten (still poison), not finite
// where the reference is, or further from it than `tolerance`. nullopt: all are right. Both of
// equal size, in elements of `dtype`.
std::optional<std::string> FirstWrong(DType dtype, std::span<const std::byte> got,
                                      std::span<const std::byte> reference,
                                      const sdk::Tolerance& tolerance);

}  // namespace tactic::timing
