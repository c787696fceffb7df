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

TEST(Race, KeepsARemarkOnAValidCandidate) {
  RaceInput input;
  input.candidates = 1;
  input.tie_rank = {0};
  Race race(input, {});
  const Race::Step step = race.Next();
  const Observation seen[] = {{0, Outcome::kMeasured, 100, "not deterministic", 0}};
  race.Add(step, seen);
  EXPECT_EQ(race.TrialOf(0).detail, "not deterministic");
  EXPECT_TRUE(IsValid(race.TrialOf(0).outcome));
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
  const std::set<int> raced(steps[3].candidates.begin(), steps[3].candidates.end());
  EXPECT_THAT(raced, ElementsAre(0, 1));
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
  RaceOptions options;
  options.control_every = 0;
  Race race(PlainInput(4, 7), options);
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
  EXPECT_EQ(sampler.rounds(), 12 + 48);
}

TEST(Race, SlowCallsGetAQuarterOfTheRounds) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Noisy({6e6, 6.01e6, 6.02e6}, 0, 0.02, 5));
  RunToEnd(race, sampler);
  EXPECT_EQ(sampler.rounds(), 12);
}

TEST(Race, StopsOnceNobodyIsExpectedToBeFaster) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Exactly({1000, 1100, 1200}));
  RunToEnd(race, sampler);
  EXPECT_LE(sampler.rounds(), 4);
  EXPECT_EQ(race.Decide().reason, Reason::kClear);
}

TEST(Race, NearTiesAreRacedLonger) {
  // A few rounds do not see how candidates drift apart: 1 % in three rounds is little.
  Race race(PlainInput(2), {});
  FunctionSampler sampler(Exactly({1010, 1000}));
  RunToEnd(race, sampler);
  EXPECT_GT(sampler.rounds(), 10);
  EXPECT_EQ(race.Decide().pick, 1);
}

TEST(Race, OneSlowStretchDoesNotDecideAboutNearTies) {
  // 0 is 0.8 % slower than 1 in the first six rounds, and 0.8 % faster in all others.
  const auto answer = [](int candidate, int round) {
    return Took(candidate, candidate == 1 ? 1000 : round <= 6 ? 1008 : 992);
  };
  EXPECT_EQ(RaceOver(answer, PlainInput(2)).pick, 0);
}

TEST(Race, EverySecondFinalRoundSamplesTheLeaderTwice) {
  Race race(PlainInput(3), {});
  FunctionSampler sampler(Noisy({100, 100, 100}, 0, 0.01, 3));
  const auto steps = RunToEnd(race, sampler);
  ASSERT_EQ(steps[3].kind, Kind::kRound);
  EXPECT_EQ(steps[3].candidates.size(), 4u);
  EXPECT_EQ(std::set<int>(steps[3].candidates.begin(), steps[3].candidates.end()).size(), 3u);
  EXPECT_EQ(steps[4].candidates.size(), 3u);
  const Comparison control = race.Decide().control;
  EXPECT_EQ(control.rounds, (sampler.rounds() + 1) / 2);
  EXPECT_LT(std::abs(control.difference), 3 * control.error);
  // A control is no sample of its candidate.
  EXPECT_EQ(race.TrialOf(0).samples.size(), 1u + sampler.rounds());
}

TEST(Race, WhenTheLeaderDiffersFromItselfNothingSmallerIsClear) {
  // Whoever comes first in a round is 10 % faster: what the control sees, and the spread does not.
  struct FirstIsFaster : Sampler {
    Observation Screen(int candidate) override { return Took(candidate, 1000); }
    std::vector<Observation> Round(std::span<const int> candidates) override {
      std::vector<Observation> seen;
      std::set<int> before;
      for (int candidate : candidates) {
        const bool again = !before.insert(candidate).second;
        seen.push_back(Took(candidate, (candidate == 0 ? 1000.0 : 1050.0) * (again ? 1.1 : 1)));
      }
      return seen;
    }
  } sampler;
  Race race(PlainInput(2), {});
  RunToEnd(race, sampler);
  EXPECT_NEAR(race.Decide().control.difference, std::log(1.1), 1e-6);
  EXPECT_EQ(race.Decide().tied, 2);
}

TEST(Race, HopelessCandidatesAreMeasuredInSamplesOnly) {
  RaceInput input = PlainInput(42);
  for (int i = 0; i < 42; ++i) input.hopeless.push_back(i);  // The default is spared, and 7.
  input.first = {7};
  std::vector<double> times(42, 900);
  times[7] = 100;
  Race race(input, {});
  FunctionSampler sampler(Exactly(times));
  RunToEnd(race, sampler);
  EXPECT_EQ(race.Screened(), 2 + 2);  // A twentieth of 40.
  EXPECT_EQ(race.Decide().pick, 7);
  int skipped = 0;
  for (int i = 0; i < 42; ++i) {
    const Trial trial = race.TrialOf(i);
    if (!trial.samples.empty()) continue;
    ++skipped;
    EXPECT_EQ(trial.outcome, Outcome::kNotMeasured);
    EXPECT_THAT(trial.detail, HasSubstr("neighbouring decisions"));
  }
  EXPECT_EQ(skipped, 38);
}

TEST(Race, WhenTheSampleOfTheHopelessIsGoodAllAreMeasured) {
  RaceInput input = PlainInput(41);
  for (int i = 1; i < 41; ++i) input.hopeless.push_back(i);
  std::vector<double> times(41, 120);
  times[33] = 80;
  Race race(input, {});
  FunctionSampler sampler(Exactly(times));
  RunToEnd(race, sampler);
  EXPECT_EQ(race.Screened(), 41);
  EXPECT_EQ(race.Decide().pick, 33);
}

TEST(Race, WhenAllOthersFailTheHopelessAreMeasured) {
  RaceInput input = PlainInput(5);
  input.hopeless = {1, 2, 3, 4};
  const auto answer = [](int candidate, int) {
    return candidate < 4 ? FailedWith(candidate, Outcome::kCrashed) : Took(candidate, 100);
  };
  EXPECT_EQ(RaceOver(answer, input).pick, 4);
}

TEST(Race, EndsWhenItsTimeIsOver) {
  RaceInput input = PlainInput(4);
  input.incumbent = 2;
  Race race(input, {});
  FunctionSampler sampler(Exactly({100, 100, 100, 100}));
  race.Add(race.Next(), std::vector{sampler.Screen(2)});
  race.EndBudget();
  const auto steps = RunToEnd(race, sampler);
  ASSERT_EQ(steps.size(), 1u);  // The default.
  EXPECT_EQ(steps[0].candidates, std::vector{0});
  EXPECT_THAT(race.TrialOf(3).detail, HasSubstr("budget"));
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
  EXPECT_EQ(race.TrialOf(1).outcome, Outcome::kNotMeasured);
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

// Out of time before step number `steps`; throws away two samples of each round.
class LateObserver : public RecordingObserver {
 public:
  explicit LateObserver(size_t late_at) : late_at_(late_at) {}
  bool OutOfTime() override { return steps.size() >= late_at_; }
  void Discarded(const Race::Step& step, std::span<const Disturbance> discards) override {
    discarded.emplace_back(step.round, discards[0].discarded);
  }
  std::vector<std::pair<uint32_t, uint32_t>> discarded;

 private:
  size_t late_at_;
};

TEST(RunRace, OutOfTimeItDecidesOnTheBestSoFar) {
  Race race(PlainInput(20), {});
  FunctionSampler sampler(Noisy(std::vector<double>(20, 100.0), 0.05, 0.05, 1));
  LateObserver observer(4);
  EXPECT_TRUE(RunRace(race, sampler, observer));
  EXPECT_LT(observer.steps.size(), 20u);
  EXPECT_EQ(race.TrialOf(19).outcome, Outcome::kNotMeasured);
  EXPECT_EQ(race.Decide().reason, Reason::kBudget);
}

TEST(RunRace, TellsWhatASamplerThrewAway) {
  class Disturbed : public FunctionSampler {
   public:
    using FunctionSampler::FunctionSampler;
    std::vector<Disturbance> TakeDiscards() override { return {{"the clock fell", 2}}; }
  };
  Race race(PlainInput(2), {});
  Disturbed sampler(Exactly({100, 200}));
  LateObserver observer(1000);
  EXPECT_TRUE(RunRace(race, sampler, observer));
  ASSERT_EQ(observer.discarded.size(), observer.steps.size());
  EXPECT_EQ(observer.discarded.back(), std::pair(observer.steps.back().round, 2u));
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
