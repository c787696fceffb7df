// Who leads, how sure that is, and the rule by which a race's measurements become an answer.
#include <algorithm>
#include <cmath>

#include "runners/timing/race.h"

namespace tactic::timing {

Race::Comparisons Race::CompareAll(const std::vector<int>& who, int leader) const {
  std::vector<std::vector<double>> ratios;
  std::vector<std::vector<double>> others;
  for (int i : who) {
    ratios.push_back(LogRatios(entries_[i].samples, entries_[leader].samples));
    if (i != leader) others.push_back(ratios.back());
  }
  const PooledSpread noise(others, options_.pooled_rounds, options_.single_error,
                           options_.dependence);
  Comparisons comparisons;
  double apart = 0;
  if (!control_.empty()) {
    comparisons.control = noise.Summarise(control_, ErrorFloor(control_.size()));
    // Equal candidates that look different: what the errors do not tell is at least that large.
    const double difference = std::abs(comparisons.control.difference);
    if (difference > options_.sigmas * comparisons.control.error) apart = difference;
  }
  for (size_t k = 0; k < who.size(); ++k) {
    if (who[k] == leader) {
      comparisons.to_leader.push_back({0, 0, static_cast<int>(ratios[k].size())});
    } else if (!ratios[k].empty()) {
      const double floor = std::max(ErrorFloor(ratios[k].size()), apart);
      comparisons.to_leader.push_back(noise.Summarise(ratios[k], floor));
    } else {
      const double ratio = MedianOf(who[k]) / MedianOf(leader);
      comparisons.to_leader.push_back({std::log(ratio), options_.single_error, 0});
    }
  }
  return comparisons;
}

double Race::ErrorFloor(size_t rounds) const {
  const double stretches = static_cast<double>(rounds) / std::max(options_.floor_rounds, 1);
  return options_.error_floor / std::sqrt(std::max(stretches, 1.0));
}

// The least median, then whoever beats that one within rounds.
int Race::LeaderOf(const std::vector<int>& who) const {
  int leader = *std::min_element(who.begin(), who.end(),
                                 [this](int a, int b) { return MedianOf(a) < MedianOf(b); });
  constexpr int kPasses = 4;  // Ratios need not be transitive: do not go round in circles.
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto comparisons = CompareAll(who, leader).to_leader;
    const auto best = std::min_element(
        comparisons.begin(), comparisons.end(),
        [](const Comparison& a, const Comparison& b) { return a.difference < b.difference; });
    if (best->difference >= 0) break;
    leader = who[static_cast<size_t>(best - comparisons.begin())];
  }
  return leader;
}

bool Race::InsideNoise(const Comparison& comparison) const {
  return comparison.difference <=
         std::max(std::log1p(options_.zone), options_.sigmas * comparison.error);
}

Verdict Race::Decide() const {
  Verdict verdict;
  std::vector<int> who = Contenders();
  if (who.empty()) return verdict;
  const int leader = LeaderOf(who);
  std::vector<Comparison> to_leader(entries_.size());
  const Comparisons comparisons = CompareAll(who, leader);
  for (size_t k = 0; k < who.size(); ++k) to_leader[who[k]] = comparisons.to_leader[k];
  verdict.control = comparisons.control;
  const auto slower = [&](int a, int b) {
    return to_leader[a].difference < to_leader[b].difference;
  };
  std::stable_sort(who.begin(), who.end(), slower);
  verdict.tied = static_cast<int>(
      std::count_if(who.begin(), who.end(), [&](int i) { return InsideNoise(to_leader[i]); }));
  Pick(who, to_leader, leader, verdict);

  verdict.order = {verdict.pick};
  std::copy_if(who.begin(), who.end(), std::back_inserter(verdict.order),
               [&](int i) { return i != verdict.pick; });
  auto rest = Where([](const Entry& e) { return e.valid() && !e.samples.empty(); });
  std::stable_sort(rest.begin(), rest.end(),
                   [this](int a, int b) { return MedianOf(a) < MedianOf(b); });
  std::copy_if(rest.begin(), rest.end(), std::back_inserter(verdict.order),
               [&](int i) { return std::find(who.begin(), who.end(), i) == who.end(); });
  if (verdict.order.size() == 1) verdict.reason = Reason::kOnly;
  return verdict;
}

void Race::Pick(const std::vector<int>& who, const std::vector<Comparison>& to_leader, int leader,
                Verdict& verdict) const {
  const auto contends = [&](int i) { return std::find(who.begin(), who.end(), i) != who.end(); };
  const auto inside_zone = [&](int i) {
    return to_leader[i].difference <= std::log1p(options_.zone);
  };
  const auto choose = [&](int pick, Reason reason) {
    verdict.pick = pick;
    verdict.reason = reason;
  };
  const int standard = input_.default_candidate;
  if (const int stored = input_.incumbent.value_or(-1); contends(stored)) {
    if (!IncumbentIsSlower(to_leader[stored])) return choose(stored, Reason::kIncumbent);
  }
  if (contends(standard) && inside_zone(standard)) {
    const bool clear = standard == leader && verdict.tied == 1;
    return choose(standard, clear ? Reason::kClear : Reason::kDefault);
  }
  if (verdict.tied == 1) return choose(leader, Reason::kClear);
  if (OutOfBudget() && !settled_) return choose(leader, Reason::kBudget);
  const auto better = [&](int a, int b) {
    if (inside_zone(a) != inside_zone(b)) return inside_zone(a);
    return input_.tie_rank[a] < input_.tie_rank[b];
  };
  choose(*std::min_element(who.begin(), who.end(), better), Reason::kTie);
}

}  // namespace tactic::timing
