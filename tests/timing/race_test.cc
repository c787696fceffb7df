// The race on literal observations: no clock, no device.
#include "runners/timing/race.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

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

TEST(Race, WithoutCandidatesEndsWithoutPick) {
  const Verdict verdict = RaceOver(Exactly({}), PlainInput(0));
  EXPECT_EQ(verdict.pick, -1);
  EXPECT_THAT(verdict.order, IsEmpty());
}

TEST(Race, OfOneCandidatePicksItAfterAFewSamples) {
  Race race(PlainInput(1), {});
  FunctionSampler sampler(Exactly({500}));
  RunToEnd(race, sampler);
  const Verdict verdict = race.Decide();
  EXPECT_EQ(verdict.pick, 0);
  EXPECT_EQ(verdict.reason, Reason::kOnly);
  EXPECT_EQ(verdict.tied, 1);
  EXPECT_EQ(race.TrialOf(0).samples.size(), 4u);  // The screening pass and three rounds.
  EXPECT_EQ(race.MedianOf(0), 500);
  EXPECT_EQ(race.Interval(0), std::pair(500.0, 500.0));
}

TEST(Race, WithAllFailedHasNoPick) {
  const Verdict verdict =
      RaceOver([](int candidate, int) { return FailedWith(candidate, Outcome::kWrongResult); },
               PlainInput(5));
  EXPECT_EQ(verdict.pick, -1);
  EXPECT_THAT(verdict.order, IsEmpty());
}

TEST(Race, PicksTheClearlyFastest) {
  const Verdict verdict = RaceOver(Exactly({1000, 900, 500, 1200}), PlainInput(4));
  EXPECT_EQ(verdict.pick, 2);
  EXPECT_EQ(verdict.reason, Reason::kClear);
  EXPECT_EQ(verdict.tied, 1);
  EXPECT_THAT(verdict.order, ElementsAre(2, 1, 0, 3));
}

TEST(Race, ScreensPriorsThenIncumbentThenDefaultThenTheRest) {
  RaceInput input = PlainInput(6);
  input.first = {4, 2, 4, 99, -3};
  input.incumbent = 5;
  Race race(input, {});
  std::vector<int> order;
  for (int i = 0; i < 6; ++i) order.push_back(race.Next().candidates.at(0));
  EXPECT_THAT(order, ElementsAre(4, 2, 5, 0, 1, 3));
}

TEST(Race, DropsAfterScreeningWhatIsHalfAsSlowAgain) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Exactly({100, 149, 151}));
  const auto steps = RunToEnd(race, sampler);
  ASSERT_EQ(steps[3].kind, Kind::kRound);
  EXPECT_THAT(steps[3].candidates, UnorderedElementsAre(0, 1));
  EXPECT_EQ(race.TrialOf(2).outcome, Outcome::kEliminated);
  EXPECT_EQ(race.TrialOf(2).samples.size(), 1u);
}

TEST(Race, CarriesDefaultAndIncumbentPastTheCuts) {
  RaceInput input = PlainInput(3);
  input.incumbent = 1;
  Race race(input, {});
  FunctionSampler sampler(Exactly({900, 800, 100}));
  RunToEnd(race, sampler);
  EXPECT_EQ(race.Decide().pick, 2);
  EXPECT_GE(race.TrialOf(0).samples.size(), 4u);
  EXPECT_GE(race.TrialOf(1).samples.size(), 4u);
}

TEST(Race, OneInterruptedSampleDoesNotEndACandidate) {
  // The best one is caught by an interruption in round 1.
  const auto answer = [](int candidate, int round) {
    const bool interrupted = candidate == 1 && round == 1;
    return Took(candidate, interrupted ? 5000 : candidate == 1 ? 100 : 110);
  };
  EXPECT_EQ(RaceOver(answer, PlainInput(3)).pick, 1);
}

TEST(Race, SlowTwiceIsOutAfterTheFirstRound) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Exactly({100, 100.1, 120}));
  RunToEnd(race, sampler);
  EXPECT_EQ(race.TrialOf(2).samples.size(), 2u);
}

TEST(Race, RoundsArePermutationsAndFinalsComeInPalindromes) {
  Race race(PlainInput(4, 7), {});
  FunctionSampler sampler(Noisy({100, 100, 100, 100}, 0.01, 0.01, 3));
  const auto steps = RunToEnd(race, sampler);
  std::set<std::vector<int>> orders;
  for (size_t s = 4; s + 1 < steps.size(); s += 2) {
    if (steps[s].candidates.size() != steps[s + 1].candidates.size()) break;
    auto mirrored = steps[s + 1].candidates;
    std::reverse(mirrored.begin(), mirrored.end());
    EXPECT_EQ(steps[s].candidates, mirrored);
    orders.insert(steps[s].candidates);
  }
  EXPECT_GT(orders.size(), 1u);
}

TEST(Race, GoesOnWithTheBestEightAfterTheFullRounds) {
  std::vector<double> times;
  for (int i = 0; i < 20; ++i) times.push_back(100 + 0.02 * i);
  Race race(PlainInput(20), {});
  FunctionSampler sampler(Noisy(times, 0, 0.02, 5));
  const auto steps = RunToEnd(race, sampler);
  EXPECT_LE(steps.back().candidates.size(), 9u);  // Eight and the default.
  EXPECT_EQ(sampler.rounds(), 12 + 24);
}

TEST(Race, SlowCallsGetAQuarterOfTheRounds) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Noisy({6e6, 6.01e6, 6.02e6}, 0, 0.02, 5));
  RunToEnd(race, sampler);
  EXPECT_EQ(sampler.rounds(), 6);
}

TEST(Race, StopsWhenAllAreSurelyInsideTheZone) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Exactly({1000, 1000.5, 1001}));
  RunToEnd(race, sampler);
  EXPECT_EQ(sampler.rounds(), 3);
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

TEST(Decision, GivesUpAnIncumbentThatIsClearlySlower) {
  RaceInput input = PlainInput(3);
  input.incumbent = 1;
  const Verdict verdict = RaceOver(Exactly({1500, 1020, 1000}), input);
  EXPECT_EQ(verdict.pick, 2);
  EXPECT_EQ(verdict.reason, Reason::kClear);
}

TEST(Decision, PrefersTheDefaultInsideTheZone) {
  const Verdict verdict = RaceOver(Exactly({1004, 1000, 1002}), PlainInput(3));
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
  const Verdict verdict = RaceOver(Exactly({1300, 1000, 1002, 1003}), input);
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

TEST(Race, ABudgetThatEndsInTheScreeningPassStillScreensDefaultAndIncumbent) {
  RaceInput input = PlainInput(5);
  input.first = {4};
  input.incumbent = 3;
  RaceOptions options;
  options.budget_ns = 1;
  Race race(input, options);
  FunctionSampler sampler(Exactly({100, 100, 100, 100, 100}));
  RunToEnd(race, sampler);
  EXPECT_THAT(race.Decide().order, UnorderedElementsAre(0, 3, 4));
  EXPECT_EQ(race.TrialOf(1).outcome, Outcome::kRejected);
  EXPECT_THAT(race.TrialOf(1).detail, HasSubstr("budget"));
}

TEST(Race, ATimeThatIsNoTimeIsAFailure) {
  const double bad[] = {0, -5, std::nan(""), std::numeric_limits<double>::infinity(), 1e300};
  for (double time : bad) {
    Race race(PlainInput(2), {});
    FunctionSampler sampler(Exactly({100, time}));
    RunToEnd(race, sampler);
    EXPECT_EQ(race.Decide().pick, 0) << time;
    EXPECT_EQ(race.TrialOf(1).outcome, Outcome::kRejected) << time;
    EXPECT_THAT(race.TrialOf(1).detail, HasSubstr("not a time"));
  }
}

TEST(Race, WhoFailsInARoundIsOutAndOthersGoOn) {
  const auto answer = [](int candidate, int round) {
    if (candidate == 1 && round == 2) return FailedWith(candidate, Outcome::kOutOfBounds);
    return Took(candidate, 100 + candidate);
  };
  Race race(PlainInput(3), {});
  FunctionSampler sampler(answer);
  RunToEnd(race, sampler);
  EXPECT_EQ(race.TrialOf(1).outcome, Outcome::kOutOfBounds);
  EXPECT_EQ(race.TrialOf(1).detail, "failed as told");
  EXPECT_THAT(race.Decide().order, UnorderedElementsAre(0, 2));
}

TEST(Race, WhenTheLeaderFailsThoseItBeatComeBack) {
  // 1 is so fast that all others are cut after the screening pass; then it proves wrong.
  const auto answer = [](int candidate, int round) {
    if (candidate == 1 && round == 2) return FailedWith(candidate, Outcome::kOutOfBounds);
    const double times[] = {1000, 100, 900, 800};
    return Took(candidate, times[candidate]);
  };
  Race race(PlainInput(4), {});
  FunctionSampler sampler(answer);
  RunToEnd(race, sampler);
  EXPECT_EQ(race.Decide().pick, 3);
  EXPECT_GE(race.TrialOf(3).samples.size(), 4u);
}

TEST(Race, IgnoresObservationsThatItDidNotAskFor) {
  Race race(PlainInput(2), {});
  const auto step = race.Next();
  const std::vector<Observation> stray = {Took(1, 5), Took(17, 5), Took(-1, 5), Took(0, 100),
                                          Took(0, 1)};
  race.Add(step, stray);
  EXPECT_EQ(race.MedianOf(0), 100);
  EXPECT_EQ(race.MedianOf(1), 0);
}

TEST(Race, RestoredFailuresStayAndOthersAreScreenedAgain) {
  RaceInput input = PlainInput(3);
  input.epoch = 1;
  Race race(input, {});
  Trial crashed;
  crashed.outcome = Outcome::kCrashed;
  crashed.detail = "signal 11";
  race.Restore(1, crashed);
  Trial measured;
  measured.samples = {{0, 1, 300}, {0, 0, 310}};
  race.Restore(2, measured);
  FunctionSampler sampler(Exactly({500, 1, 300}));
  const auto steps = RunToEnd(race, sampler);
  std::vector<int> screened;
  for (const auto& step : steps) {
    if (step.kind == Kind::kScreen) screened.push_back(step.candidates[0]);
  }
  EXPECT_THAT(screened, ElementsAre(0, 2));
  EXPECT_EQ(race.TrialOf(1).outcome, Outcome::kCrashed);
  EXPECT_EQ(race.TrialOf(1).detail, "signal 11");
  const auto samples = race.TrialOf(2).samples;
  EXPECT_EQ(samples[0], (Sample{0, 0, 310}));
  EXPECT_EQ(samples[2], (Sample{1, 0, 300}));
  EXPECT_EQ(race.Decide().pick, 2);
}

TEST(Race, EndsThoughNothingIsEverAdded) {
  Race race(PlainInput(10), {});
  int steps = 0;
  while (race.Next().kind != Kind::kDone) ASSERT_LT(++steps, 1000);
  EXPECT_EQ(race.Decide().pick, -1);
}

TEST(Race, TellsHowFarItIs) {
  Race race(PlainInput(3), {});
  EXPECT_EQ(race.phase(), Race::Phase::kScreening);
  EXPECT_EQ(race.Leader(), std::nullopt);
  const auto first = race.Next();
  race.Add(first, std::vector{Took(first.candidates[0], 100)});
  EXPECT_EQ(race.Screened(), 1);
  EXPECT_EQ(race.ExpectedLeftNs(), 200);
  EXPECT_EQ(race.Leader(), 0);
  FunctionSampler sampler(Exactly({100, 100, 100}));
  RunToEnd(race, sampler);
  EXPECT_EQ(race.phase(), Race::Phase::kDone);
  EXPECT_EQ(race.Remaining(), 3);
  EXPECT_EQ(race.Failed(), 0);
}

TEST(RunRace, StopsWhenCancelled) {
  Race race(PlainInput(5), {});
  FunctionSampler sampler(Exactly({1, 2, 3, 4, 5}));
  RecordingObserver observer(2);
  EXPECT_FALSE(RunRace(race, sampler, observer));
  EXPECT_EQ(observer.steps.size(), 2u);
  EXPECT_EQ(observer.remaining.size(), 2u);
}

}  // namespace
}  // namespace tactic::timing
