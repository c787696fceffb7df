#include "runners/timing/contest_plan.h"

#include <gtest/gtest.h>

#include <vector>

namespace tactic::timing {
namespace {

// Of a race over one candidate that always takes the same.
int RoundsOf(const ContestPlan& plan) {
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

int RoundsWithCycle(int cycle_rounds) {
  ContestPlan plan;
  plan.cycle_rounds = cycle_rounds;
  return RoundsOf(plan);
}

TEST(ContestPlan, ThoroughTakesSeveralTimesTheRounds) {
  ContestPlan plan;
  const int usual = RoundsOf(plan);
  plan.thorough = true;
  EXPECT_EQ(RoundsOf(plan), 4 * usual);
}

TEST(ContestPlan, ThoroughMeasuresAlsoWhoNeighboursShowHopeless) {
  ContestPlan plan;
  CandidateList list;
  Neighbour neighbour;
  for (int64_t i = 0; i < 40; ++i) {
    list.candidates.push_back({{"runner", "1"}, {{"i", i}}});
    list.runners.push_back(nullptr);
    neighbour.trials.push_back({list.candidates.back(), i < 2 ? 1.0 : 50.0});
  }
  plan.neighbours = {neighbour, neighbour, neighbour};
  const auto screened = [&] {
    Race race = MakeRace(plan, list);
    for (Race::Step step = race.Next(); step.kind == Race::Step::Kind::kScreen;
         step = race.Next()) {
      const int candidate = step.candidates[0];
      race.Add(step, std::vector<Observation>{
                         {candidate, Outcome::kMeasured, candidate < 2 ? 100.0 : 5000.0, "", 0}});
    }
    return race.Screened();
  };
  EXPECT_LT(screened(), 40);
  plan.thorough = true;
  EXPECT_EQ(screened(), 40);
}

TEST(WallBudget, IsWhatEarlierProcessesLeft) {
  ContestPlan plan;
  EXPECT_FALSE(WallBudget(plan).Over());  // No limit.
  plan.spent_seconds = 1e6;
  EXPECT_FALSE(WallBudget(plan).Over());
  plan.policy.budget_ms = 3'600'000;
  EXPECT_TRUE(WallBudget(plan).Over());
  plan.spent_seconds = 3;
  EXPECT_FALSE(WallBudget(plan).Over());
}

TEST(ContestPlan, NobodyIsJudgedBeforeTwoCyclesOfTheSampler) {
  EXPECT_EQ(RoundsWithCycle(4), 8);
  EXPECT_LT(RoundsWithCycle(1), 8);
}

}  // namespace
}  // namespace tactic::timing
