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

TEST(ContestPlan, WhatIsBannedIsNeverSampled) {
  ContestPlan plan;
  CandidateList list;
  for (int64_t i = 0; i < 4; ++i) {
    list.candidates.push_back({{i < 2 ? "bad" : "good", "1"}, {{"i", i}}});
    list.runners.push_back(nullptr);
  }
  const Ban ban{{"bad", "1"}, std::nullopt, "", "wrong results"};
  plan.bans = OpBans({&ban, 1}, "gemm");
  plan.incumbent = list.candidates[0];
  plan.first = {list.candidates[1]};
  Race race = MakeRace(plan, list);
  for (Race::Step step = race.Next(); step.kind != Race::Step::Kind::kDone; step = race.Next()) {
    std::vector<Observation> seen;
    for (const int candidate : step.candidates) {
      EXPECT_GE(candidate, 2);
      seen.push_back({candidate, Outcome::kMeasured, 100.0 * candidate, "", 0});
    }
    race.Add(step, seen);
  }
  const ContestVerdict verdict = VerdictOf(race, 4);
  EXPECT_EQ(verdict.order.front(), 2u);
  EXPECT_EQ(verdict.outcomes[0], Outcome::kRejected);
  EXPECT_EQ(race.TrialOf(1).detail, "banned: wrong results");
  EXPECT_EQ(RejectionsOf(plan, list).size(), 2u);
}

// A search over many proposes none that is banned, so that they take nobody's place.
TEST(ContestPlan, WhatIsBannedTakesNoPlaceInASearch) {
  ContestPlan plan;
  CandidateList list;
  for (int64_t i = 0; i < 3000; ++i) {
    list.candidates.push_back({{i % 10 == 0 ? "good" : "bad", "1"}, {{"i", i}}});
    list.runners.push_back(nullptr);
  }
  const Ban ban{{"bad", "1"}, std::nullopt, "", "wrong results"};
  plan.bans = OpBans({&ban, 1}, "gemm");
  Race race = MakeRace(plan, list);
  int screened = 0;
  for (Race::Step step = race.Next(); step.kind == Race::Step::Kind::kScreen; step = race.Next()) {
    EXPECT_EQ(step.candidates[0] % 10, 0);
    ++screened;
    race.Add(step,
             std::vector<Observation>{{step.candidates[0], Outcome::kMeasured, 100.0, "", 0}});
  }
  EXPECT_EQ(screened, 300);
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
