#include "bench/search_curve.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>

#include "runners/timing/statistics.h"

namespace tactic::bench {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

struct Space {
  std::vector<Candidate> candidates;
  std::vector<std::vector<double>> times;  // Valid samples, in microseconds; none: it failed.
  std::vector<double> truth;               // kNever: it failed.
  double best = kNever;
};

Space SpaceOf(const timing::TraceProblem& problem) {
  Space space;
  for (const timing::TraceRow& row : problem.rows) {
    space.candidates.push_back({{"trace", ""}, row.configuration});
    std::vector<double> times;
    std::copy_if(row.samples_us.begin(), row.samples_us.end(), std::back_inserter(times),
                 [](float us) { return std::isfinite(us) && us > 0; });
    if (times.size() < row.samples_us.size()) times.clear();
    space.truth.push_back(times.empty() ? kNever : timing::Median(times));
    space.best = std::min(space.best, space.truth.back());
    space.times.push_back(std::move(times));
  }
  return space;
}

// The regret after each of the first `most` evaluations.
std::vector<double> Regrets(const Space& space, timing::SearchStrategy strategy, uint64_t seed,
                            int most) {
  const auto search = timing::MakeSearch(strategy, space.candidates, seed);
  std::mt19937_64 random(seed ^ 0x5bd1e995);
  std::vector<double> regrets;
  double found = kNever;
  for (int i = 0; i < most; ++i) {
    const std::optional<int> next = search->Next();
    if (!next) break;
    const auto candidate = static_cast<size_t>(*next);
    const std::vector<double>& times = space.times[candidate];
    search->Tell(
        *next, times.empty() ? std::nullopt : std::optional(1e3 * times[random() % times.size()]));
    found = std::min(found, space.truth[candidate]);
    regrets.push_back(found / space.best - 1);
  }
  return regrets;
}

}  // namespace

std::vector<SearchPoint> SearchCurve(const timing::TraceProblem& problem,
                                     timing::SearchStrategy strategy,
                                     const std::vector<int>& evaluations, int seeds) {
  const Space space = SpaceOf(problem);
  std::vector<SearchPoint> curve;
  if (space.best == kNever) return curve;
  for (const int count : evaluations) {
    if (count >= 1 && count <= static_cast<int>(space.candidates.size())) {
      curve.push_back({count, 0, 0});
    }
  }
  if (curve.empty()) return curve;
  for (int seed = 0; seed < seeds; ++seed) {
    const std::vector<double> regrets =
        Regrets(space, strategy, static_cast<uint64_t>(seed), curve.back().evaluations);
    for (SearchPoint& point : curve) {
      const double regret = regrets[static_cast<size_t>(point.evaluations) - 1];
      point.mean_regret += regret / seeds;
      point.worst_regret = std::max(point.worst_regret, regret);
    }
  }
  return curve;
}

}  // namespace tactic::bench
