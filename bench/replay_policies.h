// Ways to choose among the candidates of a recorded problem: the race, and the rules of other tools
// on the same recordings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runners/timing/priors.h"
#include "runners/timing/race.h"
#include "runners/timing/trace_sampler.h"
#include "tactic/model/contest.h"

namespace tactic::bench {

// One contest on a recording.
struct Contest {
  const timing::TraceProblem* problem = nullptr;
  timing::TraceOptions trace;  // Which rounds it is served, and what a sample costs beside them.
  std::optional<int> incumbent;
  timing::Priors priors;
};

struct Choice {
  int pick = -1;  // -1: no valid candidate.
  double cost_ns = 0;
  // The rest is the race's alone.
  std::vector<std::pair<double, double>> intervals;  // Of medians, ns, by candidate; {0, 0}: none.
  std::optional<bool> control_differs;               // Whether A/A was called a difference.
  Neighbour evidence;                                // For contests of neighbouring problems.
  int skipped = 0;                                   // Not measured on account of priors.
};

// Rules as studied in the sources of the tools; each measures one candidate after the other:
// - fixed_count: 2 warm-ups and 2 repeats; if these took over 1 ms that is the result, else 10 more
//   repeats are; 200 us of delay; least mean.
// - tunableop: 2 warm-ups, 3 repeats; over 1.5 x the best: out; 10 repeats; over 1.15 x the best:
//   out; then as many as fit into 30 ms, at most 100; least mean.
// - do_bench: 5 for an estimate, 25 ms of warm-up, 100 ms of repeats; least mean. Only the first
// 200
//   repeats are drawn from the recording; the others cost as much as these on average.
// - successive_halving: one launch to validate; 4 launches a candidate are spread evenly over
//   log2(candidates) rungs, after each of which the half with the larger mean is out.
// - race: ours.
enum class Policy { kRace, kFixedCount, kTunableOp, kDoBench, kSuccessiveHalving };
inline constexpr std::pair<std::string_view, Policy> kPolicies[] = {
    {"race", Policy::kRace},
    {"fixed_count", Policy::kFixedCount},
    {"tunableop", Policy::kTunableOp},
    {"do_bench", Policy::kDoBench},
    {"successive_halving", Policy::kSuccessiveHalving}};

// `options` is read by the race only.
Choice Choose(Policy policy, const Contest& contest, const timing::RaceOptions& options);

}  // namespace tactic::bench
