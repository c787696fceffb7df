// Figures over many decisions.
#pragma once

#include <optional>
#include <vector>

#include "bench/replay.h"
#include "nlohmann/json.hpp"

namespace tactic::bench {

// Regrets in percent. Shares are of decisions: two for each problem, one for each half.
struct Summary {
  int problems = 0;
  int decisions = 0;
  int undecided = 0;  // No valid candidate; not in the figures below.
  double mean_regret_pct = 0;
  double median_regret_pct = 0;
  double p95_regret_pct = 0;
  double max_regret_pct = 0;
  double within_1pct = 0;
  double within_2pct = 0;
  double cost_ratio = 0;  // Mean over all decisions.
  double repeat_within_1pct = 0;
  double repeat_with_incumbent = 0;
  std::optional<double> interval_coverage;  // None: the policy states no intervals.
  std::optional<double> aa_false_rate;      // None: it has no control.
  double skipped = 0;                       // Candidates not measured, mean.
};

Summary Summarise(const std::vector<Judged>& decisions);

nlohmann::ordered_json ToJson(const Summary& summary);

}  // namespace tactic::bench
