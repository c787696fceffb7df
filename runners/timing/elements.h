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

// Fills `bytes` with elements of `dtype` that depend on `seed` and the place only. Floating-point
// types: either sign, full random mantissa, magnitudes in [1/16, 1), never zero or NaN; integers: 0
// to 7, so that they serve as indices too. Random, because power, and so clock, depends on the
// data, and because repeats would hide swapped rows.
void FillRandom(DType dtype, std::span<std::byte> bytes, uint64_t seed);

// What outputs hold before a launch that is checked: NaN in every floating-point type.
inline constexpr std::byte kPoison{0xff};

// The first element of `got` that is not right, for people: unwritten (still poison), not finite
// where the reference is, or further from it than `tolerance`. nullopt: all are right. Both of
// equal size, in elements of `dtype`.
std::optional<std::string> FirstWrong(DType dtype, std::span<const std::byte> got,
                                      std::span<const std::byte> reference,
                                      const sdk::Tolerance& tolerance);

}  // namespace tactic::timing
