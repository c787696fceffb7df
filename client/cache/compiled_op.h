// A registered op, made ready for the hot path.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "tactic/cache.h"

namespace tactic::cache_internal {

class MissLog;
class Readers;
class Table;

// Constant once it is registered.
struct CompiledOp {
  struct Dynamic {
    uint32_t input;
    uint32_t dim;
    Mapper mapper;
  };
  struct Derived {
    uint32_t input;
    uint32_t dim;
  };

  uint32_t index = 0;
  uint32_t inputs = 0;
  int64_t tune_max = kUnbounded;
  std::vector<Dynamic> dynamic;
  std::vector<Derived> derived;
  // Of the Cache, which outlives this.
  std::atomic<const Table*>* table = nullptr;
  Readers* readers = nullptr;
  MissLog* misses = nullptr;
  OpSpec spec;
};

}  // namespace tactic::cache_internal
