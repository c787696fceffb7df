// What a program says of an op: its inputs, its runners, and its shape profiles, that is, which
// sizes are tuned and which tuned size stands for a size met at run time. docs/profiles.md explains
// the rules with examples; `tacticctl profiles` shows what a spec makes of given sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"

namespace tactic {

// The sizes of one input, by reference. An absent input is {0}. Lives as long as what it refers to:
// a braced list ends with the full expression that it stands in.
struct Shape {
  const int64_t* dims = nullptr;
  size_t rank = 0;
  Shape() = default;
  Shape(const int64_t* d, size_t r) : dims(d), rank(r) {}
  Shape(std::initializer_list<int64_t> d) : dims(std::data(d)), rank(d.size()) {}
  Shape(std::span<const int64_t> d) : dims(d.data()), rank(d.size()) {}  // NOLINT: implicit.
};

// Which sizes of a dynamic dimension are tuned: a list, or a rule that makes the list from a
// maximum x, which is OpSpec::tune_max if given, else the size at hand. Order and repetition do not
// matter. An empty list tunes the sizes met, and no others.
struct Buckets {
  enum class Rule {
    kList,             // As given; tune_max does not cut it.
    kPowersOfTwo,      // 1, 2, 4… up to the next power of two of x.
    kLastPowersOfTwo,  // 1, 2, 4… up to the last power of two <= x; none for x < 1.
    kMultiples,        // step, 2·step… <= x.
    kFunction,         // make(x).
  } rule = Rule::kPowersOfTwo;
  std::vector<int64_t> list;  // kList.
  int64_t step = 1;           // kMultiples.
  // kFunction. Called when profiles are made, never by ChooseOne. What it throws, and a size below
  // 0, is an error of that call.
  std::function<std::vector<int64_t>(int64_t x)> make;
};

// How a size met at run time becomes the size that was tuned.
struct Mapper {
  enum class Rule {
    kIdentity,
    kNextPowerOfTwo,  // 1 for x < 1.
    kLastPowerOfTwo,  // 0 for x < 1.
    kRoundUp,         // To a multiple of `step`.
    kFloorTo,         // To the largest of `list` <= x; its smallest if there is none.
    kCeilTo,          // To the smallest of `list` >= x; its largest if there is none.
    kFloorDivide,     // x / step, rounded down.
    kFunction,        // map(x).
  } rule = Rule::kNextPowerOfTwo;
  int64_t step = 1;
  std::vector<int64_t> list;
  // kFunction. Must give the same answer each time, from any thread. ChooseOne calls it: it is then
  // as fast, as free of locks and as safe in a signal handler as this is. If it throws or gives a
  // size below 0, the call is answered with the fallback and counted (mapper_failed).
  std::function<int64_t(int64_t x)> map;
};

struct DynamicDim {
  int input = 0;
  int dim = 0;
  Buckets buckets;
  Mapper mapper;
};

// A dimension that follows from others: not part of the key. `infer` gives its size for tuning,
// from the (bucketed) shapes; later constraints see what earlier ones gave. Not called for an
// absent input. It may throw: the profile is then an error.
struct Constraint {
  int input = 0;
  int dim = 0;
  std::function<int64_t(const Shapes& shapes)> infer;
};

struct InputSpec {
  DType dtype = DType::kF32;
  Layout layout = Layout::kRowMajor;
  bool operator==(const InputSpec&) const = default;
};

enum class Dialect {
  // Register refuses dynamic dimensions of which sizes can never hit: each size between the
  // smallest and the largest bucket must map to a size that the buckets tune, and a size that was
  // tuned must be found again. Each dimension is named once; absent inputs are left alone.
  kStrict,
  // Exactly what TensorRT-LLM's AutoTuner does: any buckets with any mapper, a dimension named
  // again is mapped again, one that an input does not have is ignored, and profiles may have keys
  // that no call looks up.
  kAncestor,
};

struct OpSpec {
  std::string op;
  Parameters attributes;  // Those left out take the op's defaults.
  std::vector<InputSpec> inputs;
  std::vector<RunnerId> runners;  // What this program can run; the order of Choice::runner. 1..64.
  std::vector<DynamicDim> dynamic;
  std::vector<Constraint> constraints;
  std::optional<int64_t> tune_max;  // Sizes of dynamic dimensions saturate here: map, then clamp.
  MeasurementPolicy policy;
  Dialect dialect = Dialect::kStrict;
};

}  // namespace tactic
