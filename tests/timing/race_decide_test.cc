// How a race decides, on literal observations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "runners/timing/race.h"
#include "tests/timing/race_driver.h"

namespace tactic::timing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Kind = Race::Step::Kind;

// Times of a perfect machine.
FunctionSampler::Answer Exactly(std::vector<double> nanoseconds) {
  return [=](int candidate, int) {
    return Took(candidate, nanoseconds[static_cast<size_t>(candidate)]);
  };
}

Verdict RaceOver(FunctionSampler::Answer answer, RaceInput input, RaceOptions options = {}) {
  Race race(std::move(input), options);
  FunctionSampler sampler(std::move(answer));
  RunToEnd(race, sampler);
  return race.Decide();
}

TEST(Decision, KeepsTheIncumbentInsideTheZone) {
  RaceInput input = PlainInput(4);
  input.incumbent = 3;
  const Verdict verdict = RaceOver(Exactly({1003, 1000, 1002, 1004}), input);
  EXPECT_EQ(verdict.pick, 3);
  EXPECT_EQ(verdict.reason, Reason::kIncumbent);
  EXPECT_EQ(verdict.tied, 4);
}

TEST(Decision, KeepsAnIncumbentThatOnlyNoiseMakesSlower) {
  RaceInput input = PlainInput(2);
  input.incumbent = 1;
  // 1 % slower on average, but a single sample varies by 20 %.
  const Verdict verdict = RaceOver(Noisy({1000, 1010}, 0, 0.2, 9), input);
  EXPECT_EQ(verdict.pick, 1);
  EXPECT_EQ(verdict.reason, Reason::kIncumbent);
}

TEST(Decision, KeepsAnIncumbentThatFewRoundsShowALittleSlower) {
  RaceInput input = PlainInput(2);
  input.incumbent = 0;
  RaceOptions options;
  options.final_rounds = 12;
  EXPECT_EQ(RaceOver(Exactly({1020, 1000}), input, options).pick, 0);
}

TEST(Decision, GivesUpAnIncumbentThatIsClearlySlower) {
  RaceInput input = PlainInput(3);
  input.incumbent = 1;
  const Verdict verdict = RaceOver(Exactly({1500, 1025, 1000}), input);
  EXPECT_EQ(verdict.pick, 2);
  EXPECT_EQ(verdict.reason, Reason::kClear);
}

TEST(Decision, PrefersTheDefaultInsideTheZone) {
  const Verdict verdict = RaceOver(Exactly({1001.5, 1000, 1001}), PlainInput(3));
  EXPECT_EQ(verdict.pick, 0);
  EXPECT_EQ(verdict.reason, Reason::kDefault);
}

TEST(Decision, ADefaultThatLeadsClearlyIsClear) {
  const Verdict verdict = RaceOver(Exactly({1000, 1100, 1200}), PlainInput(3));
  EXPECT_EQ(verdict.pick, 0);
  EXPECT_EQ(verdict.reason, Reason::kClear);
}

TEST(Decision, TakesTheFixedOrderAmongEquals) {
  RaceInput input = PlainInput(4);
  input.tie_rank = {0, 30, 20, 10};
  // The default is out; 3 ranks first of those inside the zone, though 1 has the least time.
  const Verdict verdict = RaceOver(Exactly({1300, 1000, 1001, 1001.5}), input);
  EXPECT_EQ(verdict.pick, 3);
  EXPECT_EQ(verdict.reason, Reason::kTie);
  EXPECT_EQ(verdict.tied, 3);
  EXPECT_THAT(verdict.order, ElementsAre(3, 1, 2, 0));
}

TEST(Decision, AtTheEndOfTheBudgetIsTheBestSoFar) {
  RaceOptions options;
  options.budget_ns = 3500;  // The screening pass and little more.
  Race race(PlainInput(3), options);
  FunctionSampler sampler(Exactly({1200, 1000, 1007}));
  RunToEnd(race, sampler);
  EXPECT_EQ(sampler.rounds(), 1);
  EXPECT_EQ(race.Decide().pick, 1);
  EXPECT_EQ(race.Decide().reason, Reason::kBudget);
}

}  // namespace
}  // namespace tactic::timing
