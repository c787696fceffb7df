// How well a policy chooses on a recording, and at what cost: it reads every other round, its pick
// is judged by the medians of the rest, and the other way round.
#pragma once

#include <optional>
#include <vector>

#include "bench/replay_policies.h"

namespace tactic::bench {

struct ReplayOptions {
  Policy policy = Policy::kRace;
  timing::RaceOptions race;
  timing::PriorOptions priors;
  // The problems of one mode, n and k are taken in the order of m, and the contests of the problems
  // before give priors. Race only.
  bool sweep = false;
  // Of a sample, beside the launch: two events take 2.8 us of an H200, and one gate holds the
  // device back for a whole round.
  double overhead_us = 5;
  int repeats = 20;  // Seeds under which each problem is decided again.
};

// One problem, decided on one half of its rounds.
struct Judged {
  const timing::TraceProblem* problem = nullptr;
  bool decided = false;   // Else no candidate was valid for the policy, or none by the other half.
  double regret = 0;      // Of the pick: its time over the least, less 1.
  double cost_ratio = 0;  // To the fixed-count procedure's.
  // Shares, over all pairs of seeds and over all seeds.
  double repeat_within = 0;          // The picks are within 1 % of each other.
  double repeat_with_incumbent = 0;  // With the first pick as the incumbent: the same one again.
  int intervals = 0;                 // Stated.
  int covered = 0;                   // Of these hold the truth.
  std::optional<bool> control_differs;
  int skipped = 0;
};

// What the fixed-count procedure spends on a problem, by the medians of all rounds: 14 launches a
// candidate, 4 if one takes over 1 ms, and 200 us.
double FixedCountNs(const timing::TraceProblem& problem);

// Both halves of all `problems`. Deterministic.
std::vector<Judged> ReplayAll(const std::vector<const timing::TraceProblem*>& problems,
                              const ReplayOptions& options);

}  // namespace tactic::bench
