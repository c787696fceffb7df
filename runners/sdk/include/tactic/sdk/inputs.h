// How the inputs of a problem are filled when candidates are checked and timed. The data matters:
// power, and so clock, depends on it; sparse or repeated data makes some kernels fast that are not;
// and an index outside its range is a read out of bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "tactic/model/problem.h"

namespace tactic::sdk {

// What an op gets if it says nothing. Never zero, the same for the same problem:
//   floating point  either sign, magnitudes in [1/16, 1), random mantissa
//   integers        1 to 8
//   bool            false or true
struct DefaultFill {};

// Uniformly random in [low, high]; whole numbers, both ends included, if the input holds integers.
struct UniformFill {
  double low = 0;
  double high = 1;
};

// Indices into something of `below` entries: random in [0, below). For integers.
struct IndexFill {
  int64_t below = 1;
};

struct ConstantFill {
  double value = 0;
};

// Whole rows of real data (all dimensions but the first), dense and row-major, repeated from the
// first on until the input is full: what was legal for one size of the first dimension is so for
// all. For indices that only their owner can make.
struct RowsFill {
  std::vector<std::byte> rows;
};

// Writes all of `bytes`, the elements of `tensor` dense in its layout. Must write the same for the
// same arguments: operands are made anew in each worker process.
using CustomFill =
    std::function<void(const Tensor& tensor, std::span<std::byte> bytes, uint64_t seed)>;

// Changes inputs (each whole, in host memory; nullptr: absent) once all are filled and before
// anything reads them, so that they fit each other: sorted offsets, lengths that add up. Must do
// the same for the same inputs.
using InputsHook = std::function<void(std::span<void* const> inputs)>;

using InputFill =
    std::variant<DefaultFill, UniformFill, IndexFill, ConstantFill, RowsFill, CustomFill>;

}  // namespace tactic::sdk
