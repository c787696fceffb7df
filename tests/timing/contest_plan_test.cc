#include "runners/timing/contest_plan.h"

#include <gtest/gtest.h>

#include <vector>

namespace tactic::timing {
namespace {

// Of a race over one candidate that always takes the same.
int RoundsWithCycle(int cycle_rounds) {
  ContestPlan plan;
  plan.cycle_rounds = cycle_rounds;
  CandidateList list;
  list.candidates.push_back({{"runner", "1"}, {}});
  list.runners.push_back(nullptr);
  Race race = MakeRace(plan, list);
  int rounds = 0;
  for (Race::Step step = race.Next(); step.kind != Race::Step::Kind::kDone; step = race.Next()) {
    rounds += step.kind == Race::Step::Kind::kRound ? 1 : 0;
    std::vector<Observation> seen;
    for (const int candidate : step.candidates) {
      seen.push_back({candidate, Outcome::kMeasured, 100, "", 0});
    }
    race.Add(step, seen);
  }
  return rounds;
}

TEST(ContestPlan, NobodyIsJudgedBeforeTwoCyclesOfTheSampler) {
  EXPECT_EQ(RoundsWithCycle(4), 8);
  EXPECT_LT(RoundsWithCycle(1), 8);
}

}  // namespace
}  // namespace tactic::timing
