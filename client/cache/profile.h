// Shape profiles: which sizes are tuned, and which tuned size stands for a size met at run time.
// Pure functions, but for what the functions in a spec do; MapSize is the one that the hot path
// uses too. docs/profiles.md gives the rules with examples.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
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

// The tuned size that stands for `x`, by a rule other than kFunction. Total: any x, no overflow.
// `mapper` is a prepared one: step >= 1, list sorted and, where the rule reads it, not empty.
inline int64_t MapSize(const Mapper& mapper, int64_t x) noexcept {
  if (mapper.rule == Mapper::Rule::kNextPowerOfTwo) [[likely]]
    return NextPowerOfTwo(x);
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
    case Mapper::Rule::kFunction:
      break;  // Not by a rule: TryMapSize.
  }
  return x;
}

// The same by any rule. nullopt: the function threw or gave a size below 0.
std::optional<int64_t> TryMapSize(const Mapper& mapper, int64_t x) noexcept;

// The spec made ready for the functions below and for MapSize, or what is wrong with it: field,
// value, bound.
Result<OpSpec> PrepareSpec(OpSpec spec);
// Its part that concerns profiles: dynamic dimensions, constraints, tune_max, by the dialect.
Check PrepareProfileRules(OpSpec& spec);
// kStrict: whether each size that a dynamic dimension can have hits once it is tuned; else the
// size, what it maps to, and what to do. Only what is known before any size is met; functions are
// called with sizes around the buckets. REQUIRES: PrepareProfileRules.
Check CheckCoverage(const OpSpec& spec);

// Whether these shapes can be looked up at all: number of inputs, ranks, sizes, and that each
// dynamic or constrained dimension is there (an absent input, (0), has none).
Check CheckShapes(const OpSpec& spec, const Shapes& shapes);

// The sizes that `buckets` makes of `x`, in no order. An Error if they are more than `most`, or the
// function threw or gave what is no size.
Result<std::vector<int64_t>> BucketSizes(const Buckets& buckets, int64_t x, size_t most);

// One profile: for each input its dimensions; a dynamic one with its range, a constrained one
// marked derived. `key` has its sizes as they are looked up: mapped, clamped, -1 where derived.
struct Profile {
  std::vector<std::vector<Dim>> dims;
  Shapes key;
};

// The key of these shapes. An Error if a mapper's function failed. REQUIRES: CheckShapes.
Result<Shapes> KeyOf(const OpSpec& spec, const Shapes& shapes);

// All profiles for shapes like these, the last dynamic dimension fastest: the product of the
// buckets of each dynamic dimension with its current size, mapped, added; at most `most`.
// REQUIRES: CheckShapes.
Result<std::vector<Profile>> ProfilesOf(const OpSpec& spec, const Shapes& shapes,
                                        size_t most = limits::kProblems);

// The problem to tune for a key: the shapes at hand with the key's sizes put in and the constrained
// ones inferred. `ranges` gives min and max of the dimensions, widened to hold the size; nullptr:
// each stands for itself.
Result<Problem> ProblemFor(const OpSpec& spec, const Shapes& shapes, const Shapes& key,
                           const Profile* ranges);

bool IsAbsent(const std::vector<int64_t>& shape);

}  // namespace tactic::cache_internal
