// What a search finds on a recorded space, against how many candidates it measures.
#pragma once

#include <vector>

#include "runners/timing/search.h"
#include "runners/timing/trace.h"

namespace tactic::bench {

// The best candidate measured so far over the best there is, less 1, after each number of
// evaluations: over seeds.
struct SearchPoint {
  int evaluations = 0;
  double mean_regret = 0;
  double worst_regret = 0;
};

// `evaluations` in rising order; those beyond the number of candidates are left out. The truth is
// the median of a candidate's samples; what the search is told is one of them, drawn by the seed,
// as a screening pass measures. Empty: no candidate is valid.
std::vector<SearchPoint> SearchCurve(const timing::TraceProblem& problem,
                                     timing::SearchStrategy strategy,
                                     const std::vector<int>& evaluations, int seeds);

}  // namespace tactic::bench
