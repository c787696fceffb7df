// A registered op, made ready for the hot path.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "tactic/cache.h"

namespace tactic::cache_internal {

class MissLog;
class Readers;
class Recorder;
class ShapeCounts;
class Table;

// How the sizes of a call become those that it is looked up by.
struct KeyRules {
  // Where a dimension lies in a call's row of sizes.
  struct Place {
    Place(int input, int dim);

    uint32_t input;
    uint32_t dim;
    uint32_t rank_at;       // The bit of the ranks at which this input's is.
    uint64_t ranks_before;  // The bits of the ranks of the inputs before.
  };
  struct Dynamic {
    Place place;
    Mapper mapper;
  };

  // Of a prepared spec.
  explicit KeyRules(const OpSpec& spec);
  KeyRules() = default;

  uint32_t inputs = 0;
  int64_t tune_max = kUnbounded;
  // A dimension that an input does not have is ignored; else the call is malformed.
  bool ignore_missing_dims = false;
  // A mapper is a function, or a dimension is named twice.
  bool general = false;
  std::vector<Dynamic> dynamic;
  std::vector<Place> derived;
};

// What is in force for an op instead of what it was registered with. Constant.
struct Override {
  bool skip = false;
  OpSpec spec;  // With other buckets and mappers.
  KeyRules rules;
};

// Constant once it is registered, but for the atomics.
struct CompiledOp {
  // A Capture or Replay is active: calls go through the recorder.
  std::atomic<bool> recorded{false};
  uint32_t index = 0;
  KeyRules rules;
  std::atomic<const Override*> overriding{nullptr};  // nullptr: none. Read while Reading.
  // Of the Cache, which outlives this.
  std::atomic<const Table*>* table = nullptr;
  Readers* readers = nullptr;
  MissLog* misses = nullptr;
  ShapeCounts* counts = nullptr;
  Recorder* recorder = nullptr;
  OpSpec spec;
  // Apart from what hits read.
  alignas(64) mutable std::atomic<uint64_t> missed{0};
};

}  // namespace tactic::cache_internal
