#include "bench/replay_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace tactic::bench {
namespace {

// Between the two nearest values, by their distance (R's type 7, numpy's default).
double Quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

double ShareUpTo(const std::vector<double>& sorted, double limit) {
  const auto end = std::upper_bound(sorted.begin(), sorted.end(), limit);
  return static_cast<double>(end - sorted.begin()) / static_cast<double>(sorted.size());
}

std::optional<double> Share(int part, int whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / whole;
}

void SummariseRegrets(std::vector<double> regrets, Summary& summary) {
  std::sort(regrets.begin(), regrets.end());
  const auto count = static_cast<double>(regrets.size());
  summary.mean_regret_pct = 100 * std::accumulate(regrets.begin(), regrets.end(), 0.0) / count;
  summary.median_regret_pct = 100 * Quantile(regrets, 0.5);
  summary.p95_regret_pct = 100 * Quantile(regrets, 0.95);
  summary.max_regret_pct = 100 * regrets.back();
  summary.within_1pct = ShareUpTo(regrets, 0.01);
  summary.within_2pct = ShareUpTo(regrets, 0.02);
}

nlohmann::ordered_json OrNull(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

Summary Summarise(const std::vector<Judged>& decisions) {
  Summary summary;
  std::set<const timing::TraceProblem*> problems;
  std::vector<double> regrets;
  int intervals = 0;
  int covered = 0;
  int controls = 0;
  int control_differs = 0;
  for (const Judged& judged : decisions) {
    problems.insert(judged.problem);
    summary.cost_ratio += judged.cost_ratio;
    summary.skipped += judged.skipped;
    if (!judged.decided) continue;
    regrets.push_back(judged.regret);
    summary.repeat_within_1pct += judged.repeat_within;
    summary.repeat_with_incumbent += judged.repeat_with_incumbent;
    intervals += judged.intervals;
    covered += judged.covered;
    controls += judged.control_differs ? 1 : 0;
    control_differs += judged.control_differs.value_or(false) ? 1 : 0;
  }
  summary.problems = static_cast<int>(problems.size());
  summary.decisions = static_cast<int>(decisions.size());
  summary.undecided = static_cast<int>(decisions.size() - regrets.size());
  summary.cost_ratio /= std::max<double>(decisions.size(), 1);
  summary.skipped /= std::max<double>(decisions.size(), 1);
  summary.interval_coverage = Share(covered, intervals);
  summary.aa_false_rate = Share(control_differs, controls);
  if (regrets.empty()) return summary;
  summary.repeat_within_1pct /= static_cast<double>(regrets.size());
  summary.repeat_with_incumbent /= static_cast<double>(regrets.size());
  SummariseRegrets(std::move(regrets), summary);
  return summary;
}

nlohmann::ordered_json ToJson(const Summary& summary) {
  return {{"problems", summary.problems},
          {"mean_regret_pct", summary.mean_regret_pct},
          {"median_regret_pct", summary.median_regret_pct},
          {"p95_regret_pct", summary.p95_regret_pct},
          {"max_regret_pct", summary.max_regret_pct},
          {"within_1pct", summary.within_1pct},
          {"within_2pct", summary.within_2pct},
          {"cost_ratio", summary.cost_ratio},
          {"repeat_within_1pct", summary.repeat_within_1pct},
          {"repeat_with_incumbent", summary.repeat_with_incumbent},
          {"interval_coverage", OrNull(summary.interval_coverage)},
          {"aa_false_rate", OrNull(summary.aa_false_rate)},
          {"decisions", summary.decisions},
          {"undecided", summary.undecided},
          {"skipped_candidates", summary.skipped}};
}

}  // namespace tactic::bench
