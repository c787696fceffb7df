#include "server/core/verification.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace tactic {
namespace {

// ln(pick / other) over shared rounds.
struct Comparison {
  double mean = 0;
  double error = 0;  // Standard error of the mean; 0 with fewer than two rounds.
};

using Rounds = std::map<std::pair<uint32_t, uint32_t>, float>;  // (epoch, round) to time.

// Without the screening pass: the first sample of a candidate is not like the others.
Rounds RoundsOf(const Trial& trial) {
  Rounds rounds;
  for (const Sample& sample : trial.samples) {
    if (sample.round > 0) rounds.emplace(std::pair(sample.epoch, sample.round), sample.nanoseconds);
  }
  return rounds;
}

Comparison Compare(const Rounds& pick, const Trial& other) {
  std::vector<double> ratios;
  for (const auto& [round, nanoseconds] : RoundsOf(other)) {
    const auto at = pick.find(round);
    if (at != pick.end()) ratios.push_back(std::log(at->second / nanoseconds));
  }
  Comparison comparison;
  if (ratios.empty()) return comparison;
  const auto count = static_cast<double>(ratios.size());
  for (const double ratio : ratios) comparison.mean += ratio / count;
  if (ratios.size() < 2) return comparison;
  double squares = 0;
  for (const double ratio : ratios) {
    squares += (ratio - comparison.mean) * (ratio - comparison.mean);
  }
  comparison.error = std::sqrt(squares / (count - 1) / count);
  return comparison;
}

}  // namespace

Verification Verify(const Decision& standing, const ContestResult& result) {
  Verification found;
  found.decision_id = standing.id;
  const Ranked& stored = standing.ranking.front();
  found.superseded = result.ranking.empty() || result.ranking.front().candidate != stored.candidate;
  const std::vector<Trial>& trials = result.evidence.trials;
  const auto pick = std::find_if(trials.begin(), trials.end(), [&](const Trial& trial) {
    return trial.candidate == stored.candidate;
  });
  found.pick_failed = pick == trials.end() || !IsValid(pick->outcome) || !(pick->median_ns > 0);
  if (found.pick_failed) return found;
  // A decision that was imported from another program's file may have no time.
  if (stored.median_ns > 0) found.drift = pick->median_ns / stored.median_ns - 1;
  const Rounds rounds = RoundsOf(*pick);
  Comparison worst;
  for (const Trial& trial : trials) {
    if (trial.outcome != Outcome::kMeasured || &trial == &*pick) continue;
    const Comparison comparison = Compare(rounds, trial);
    if (comparison.mean > worst.mean) worst = comparison;
  }
  found.regret = std::expm1(worst.mean);
  found.regret_error = worst.error;
  return found;
}

}  // namespace tactic
