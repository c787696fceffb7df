// The book of what missed and what was tuned, by op: behind the statistics.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "client/cache/shape_counts.h"
#include "tactic/cache.h"
#include "tactic/statistics.h"

namespace tactic::cache_internal {

// Thread-safe.
class TuningBook {
 public:
  void AddMisses(std::vector<ShapeCounts::Counted> counted);
  // What AddMisses brought since the last call, each distinct call of an op once; at most
  // kMostFresh.
  std::vector<ShapeCounts::Counted> TakeFresh();
  void AddTuned(TunedProfile profile);

  // `misses` is, by op, how many calls missed in all: those for which no shapes are listed are the
  // rest.
  StatisticsByOp Read(const std::map<std::string, uint64_t>& misses) const;
  void Clear();

  std::mutex& mutex() { return mu_; }  // For ForkLocks.

 private:
  struct OpPages {
    std::map<Shapes, uint64_t> missed;
    OpStatistics tuned;  // All but the misses.
  };
  static constexpr size_t kMostFresh = 4096;

  mutable std::mutex mu_;
  // Guarded by mu_:
  std::map<std::string, OpPages> ops_;
  std::map<std::pair<const CompiledOp*, Shapes>, uint64_t> fresh_;
};

}  // namespace tactic::cache_internal
