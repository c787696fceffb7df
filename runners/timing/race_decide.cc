// The rule by which a race's measurements become an answer.
#include <algorithm>
#include <cmath>

#include "runners/timing/race.h"

namespace tactic::timing {

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
  const auto comparisons = CompareAll(who, leader);
  for (size_t k = 0; k < who.size(); ++k) to_leader[who[k]] = comparisons[k];
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
  auto rest = Where([](const Entry& e) { return !e.failed() && !e.samples.empty(); });
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
    const bool slower = to_leader[stored].Low(options_.sigmas) > std::log1p(options_.zone);
    if (!slower) return choose(stored, Reason::kIncumbent);
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
