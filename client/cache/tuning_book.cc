#include "client/cache/tuning_book.h"

#include <algorithm>
#include <utility>

namespace tactic::cache_internal {
namespace {

// Adds to the count of `key`, which may be new if there is room.
template <typename Map>
void AddTo(Map& map, typename Map::key_type key, uint64_t count, size_t most) {
  const auto found = map.find(key);
  if (found != map.end()) {
    found->second += count;
  } else if (map.size() < most) {
    map.emplace(std::move(key), count);
  }
}

template <typename T>
void Append(std::vector<T>& list, T item) {
  if (list.size() < OpStatistics::kMostListed) list.push_back(std::move(item));
}

}  // namespace

void TuningBook::AddMisses(std::vector<ShapeCounts::Counted> counted) {
  std::lock_guard lock(mu_);
  for (ShapeCounts::Counted& call : counted) {
    AddTo(ops_[call.op->spec.op].missed, call.shapes, call.count, OpStatistics::kMostListed);
    AddTo(fresh_, {call.op, std::move(call.shapes)}, call.count, kMostFresh);
  }
}

std::vector<ShapeCounts::Counted> TuningBook::TakeFresh() {
  std::lock_guard lock(mu_);
  std::vector<ShapeCounts::Counted> taken;
  for (const auto& [call, count] : fresh_) taken.push_back({call.first, call.second, count});
  fresh_.clear();
  return taken;
}

void TuningBook::AddTuned(TunedProfile profile) {
  std::lock_guard lock(mu_);
  OpStatistics& tuned = ops_[profile.op].tuned;
  if (profile.decided) {
    ++tuned.profiled;
  } else {
    ++tuned.failed_profiles;
    Append(tuned.without_decision,
           FailedProfile{std::move(profile.problem), std::move(profile.reason)});
  }
  tuned.tuning_seconds += profile.seconds;
  tuned.failed_candidates += profile.failed.size();
  for (FailedCandidate& failed : profile.failed) Append(tuned.failed, std::move(failed));
}

StatisticsByOp TuningBook::Read(const std::map<std::string, uint64_t>& misses) const {
  std::lock_guard lock(mu_);
  std::map<std::string, OpStatistics> by_op;
  for (const auto& [op, pages] : ops_) {
    OpStatistics& statistics = by_op[op] = pages.tuned;
    for (const auto& [shapes, count] : pages.missed) {
      statistics.missed.push_back({shapes, count});
      statistics.misses += count;
    }
    std::stable_sort(
        statistics.missed.begin(), statistics.missed.end(),
        [](const MissedShapes& a, const MissedShapes& b) { return a.count > b.count; });
  }
  for (const auto& [op, total] : misses) {
    if (total == 0) continue;
    OpStatistics& statistics = by_op[op];
    statistics.unlisted_misses = total - std::min(total, statistics.misses);
    statistics.misses += statistics.unlisted_misses;
  }
  StatisticsByOp all;
  for (auto& [op, statistics] : by_op) {
    statistics.op = op;
    all.push_back(std::move(statistics));
  }
  return all;
}

void TuningBook::Clear() {
  std::lock_guard lock(mu_);
  ops_.clear();
}

}  // namespace tactic::cache_internal
