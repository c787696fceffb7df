// Shape profiles: which sizes are tuned, and which tuned size stands for a size met at run time.
// Pure functions; MapSize is the one that the hot path uses too.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "tactic/cache.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"

namespace tactic::cache_internal {

inline constexpr int64_t kLargestPowerOfTwo = int64_t{1} << 62;

inline int64_t NextPowerOfTwo(int64_t x) noexcept {
  // No branch on small sizes, which nobody can predict: the width of 2x-1 is one more than the
  // exponent.
  const auto bounded = static_cast<uint64_t>(std::clamp(x, int64_t{1}, kLargestPowerOfTwo));
  return int64_t{1} << (63 - std::countl_zero((2 * bounded - 1) | 1));
}

inline int64_t LastPowerOfTwo(int64_t x) noexcept {
  return x < 1 ? 0 : static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(x)));
}

// The tuned size that stands for `x`. Total: any x, no overflow. `mapper` is a prepared one: step
// >= 1, list sorted and, where the rule reads it, not empty.
inline int64_t MapSize(const Mapper& mapper, int64_t x) noexcept {
  switch (mapper.rule) {
    case Mapper::Rule::kIdentity:
      return x;
    case Mapper::Rule::kNextPowerOfTwo:
      return NextPowerOfTwo(x);
    case Mapper::Rule::kLastPowerOfTwo:
      return LastPowerOfTwo(x);
    case Mapper::Rule::kRoundUp: {
      if (x > kUnbounded - mapper.step) return x;
      const int64_t up = x > 0 ? x + mapper.step - 1 : x;  // Division truncates: up, below zero.
      return up / mapper.step * mapper.step;
    }
    case Mapper::Rule::kFloorTo: {
      const auto above = std::upper_bound(mapper.list.begin(), mapper.list.end(), x);
      return above == mapper.list.begin() ? mapper.list.front() : *(above - 1);
    }
    case Mapper::Rule::kCeilTo: {
      const auto at_least = std::lower_bound(mapper.list.begin(), mapper.list.end(), x);
      return at_least == mapper.list.end() ? mapper.list.back() : *at_least;
    }
    case Mapper::Rule::kFloorDivide:
      return x / mapper.step - (x % mapper.step < 0 ? 1 : 0);
  }
  return x;
}

// The spec with its mappers prepared for MapSize, or what is wrong with it: field, value, bound.
Result<OpSpec> PrepareSpec(OpSpec spec);

// Whether these shapes can be looked up at all: number of inputs, ranks, sizes, and that each
// dynamic dimension is there (an absent input, (0), has none).
Check CheckShapes(const OpSpec& spec, const Shapes& shapes);

// One profile: for each input its dimensions; a dynamic one with its range, a constrained one
// marked derived. `key` has its sizes as they are looked up: mapped, clamped, -1 where derived.
struct Profile {
  std::vector<std::vector<Dim>> dims;
  Shapes key;
};

// The key of these shapes. REQUIRES: CheckShapes.
Shapes KeyOf(const OpSpec& spec, const Shapes& shapes);

// All profiles for shapes like these, the last dynamic dimension fastest: the product of the
// buckets of each dynamic dimension with its current size, mapped, added. REQUIRES: CheckShapes.
Result<std::vector<Profile>> ProfilesOf(const OpSpec& spec, const Shapes& shapes);

// The problem to tune for a key: the shapes at hand with the key's sizes put in and the constrained
// ones inferred. `ranges` gives min and max of the dimensions, widened to hold the size; nullptr:
// each stands for itself.
Result<Problem> ProblemFor(const OpSpec& spec, const Shapes& shapes, const Shapes& key,
                           const Profile* ranges);

bool IsAbsent(const std::vector<int64_t>& shape);

}  // namespace tactic::cache_internal
