// How policies are judged on recordings.
#include "bench/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>

#include "bench/replay_constants.h"
#include "bench/replay_summary.h"

namespace tactic::bench {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Optional;
using timing::TraceProblem;
using timing::TraceRow;

constexpr Policy kAll[] = {Policy::kRace, Policy::kFixedCount, Policy::kTunableOp, Policy::kDoBench,
                           Policy::kSuccessiveHalving};

TraceProblem Recorded(std::vector<std::vector<float>> samples_us) {
  TraceProblem problem{"cold", 1, 2, 3, {}};
  for (auto& row : samples_us) problem.rows.push_back({{}, std::move(row)});
  return problem;
}

std::vector<Judged> Replay(const TraceProblem& problem, const ReplayOptions& options) {
  return ReplayAll({&problem}, options);
}

TEST(FixedCountNs, IsFourteenLaunchesOrFourOfLongOnesAndADelay) {
  const TraceProblem problem = Recorded({{10, 12, 11}, {2000}, {}});
  EXPECT_NEAR(FixedCountNs(problem), 14 * 11e3 + 200e3 + 4 * 2e6 + 200e3 + 200e3, 1e-6);
}

TEST(Replay, JudgesEachHalfByTheOther) {
  // By the even rounds 0 is the best, by the odd ones 1 is.
  std::vector<float> zero;
  std::vector<float> one;
  for (int r = 0; r < 40; ++r) {
    zero.push_back(r % 2 == 0 ? 100 : 120);
    one.push_back(r % 2 == 0 ? 110 : 100);
  }
  const TraceProblem problem = Recorded({zero, one});
  for (Policy policy : kAll) {
    const auto judged = Replay(problem, {.policy = policy, .repeats = 2});
    ASSERT_EQ(judged.size(), 2u);
    EXPECT_NEAR(judged[0].regret, 0.2, 1e-6);  // Saw the even rounds, picked 0.
    EXPECT_NEAR(judged[1].regret, 0.1, 1e-6);
    EXPECT_EQ(judged[0].repeat_within, 1);
    EXPECT_EQ(judged[0].repeat_with_incumbent, 1);
  }
}

TEST(Replay, CountsEverySampleWithItsOverhead) {
  const TraceProblem problem = Recorded({std::vector<float>(20, 100), std::vector<float>(20, 300)});
  const auto judged = Replay(problem, {.overhead_us = 5, .repeats = 0});
  // Both are launched once; the slow one is out, and three rounds of the other follow.
  const double spent = 105e3 + 305e3 + 3 * 105e3;
  EXPECT_NEAR(judged[0].cost_ratio, spent / FixedCountNs(problem), 1e-9);
}

TEST(Replay, WithoutValidCandidateIsUndecided) {
  const TraceProblem problem = Recorded({{}, {std::nanf(""), 0}});
  for (Policy policy : kAll) {
    const Summary summary = Summarise(Replay(problem, {.policy = policy, .repeats = 2}));
    EXPECT_EQ(summary.decisions, 2);
    EXPECT_EQ(summary.undecided, 2);
    EXPECT_EQ(summary.mean_regret_pct, 0);
  }
}

TEST(Replay, OneCandidateAndOneSampleAreEnough) {
  const TraceProblem problem = Recorded({{7}});
  for (Policy policy : kAll) {
    const Summary summary = Summarise(Replay(problem, {.policy = policy, .repeats = 2}));
    EXPECT_EQ(summary.undecided, 0);
    EXPECT_EQ(summary.max_regret_pct, 0);
    EXPECT_EQ(summary.repeat_with_incumbent, 1);
  }
}

RC_GTEST_PROP(ReplayProperties, JudgesAnyRecordingWithFiniteFigures, ()) {
  const float nan = std::nanf("");
  const auto sample = rc::gen::element(10.0f, 11.0f, 12.0f, 2000.0f, 0.0f, nan, -1.0f, INFINITY);
  TraceProblem problem{"cold", 1, 2, 3, {}};
  for (int rows = *rc::gen::inRange(1, 8); rows > 0; --rows) {
    const auto count = *rc::gen::element<size_t>(0, 1, 2, 5, 25);
    problem.rows.push_back({{}, *rc::gen::container<std::vector<float>>(count, sample)});
  }
  ReplayOptions options;
  options.policy = *rc::gen::element(kAll[0], kAll[1], kAll[2], kAll[3], kAll[4]);
  options.sweep = *rc::gen::arbitrary<bool>();
  options.repeats = 2;
  for (const Judged& judged : Replay(problem, options)) {
    RC_ASSERT(std::isfinite(judged.regret) && judged.regret >= 0);
    RC_ASSERT(std::isfinite(judged.cost_ratio) && judged.cost_ratio >= 0);
  }
}

std::vector<TraceProblem> SmallTrace() {
  std::ifstream file(TACTIC_TEST_DATA "/h200_gemm_small.csv");
  auto trace = timing::ReadTrace(file);
  EXPECT_TRUE(trace.ok());
  return trace.ok() ? *std::move(trace) : std::vector<TraceProblem>{};
}

// Six recorded problems of 208 candidates; bounds that the rules of other tools miss.
TEST(Replay, TheRaceIsBetterAndCheaperThanFixedCountsOnARealDevice) {
  const auto trace = SmallTrace();
  std::vector<const TraceProblem*> problems;
  for (const TraceProblem& problem : trace) problems.push_back(&problem);
  const Summary race = Summarise(ReplayAll(problems, {}));
  EXPECT_EQ(race.problems, 6);
  EXPECT_LT(race.mean_regret_pct, 0.25);
  EXPECT_LT(race.cost_ratio, 0.13);
  EXPECT_GE(race.repeat_within_1pct, 0.99);
  EXPECT_EQ(race.repeat_with_incumbent, 1);
  const Summary fixed = Summarise(ReplayAll(problems, {.policy = Policy::kFixedCount}));
  EXPECT_LT(race.mean_regret_pct, fixed.mean_regret_pct);
  EXPECT_NEAR(fixed.cost_ratio, 1, 0.05);
}

TEST(Replay, ASweepSkipsWhatItsNeighboursShowHopeless) {
  // Four problems of one n and k, whose candidates differ in one setting that decides.
  std::vector<TraceProblem> trace;
  for (int64_t m : {1, 2, 4, 8}) {
    TraceProblem problem{"cold", m, 64, 64, {}};
    for (int64_t i = 0; i < 100; ++i) {
      TraceRow row;
      row.configuration = Tactic{{"tile", i % 10}, {"seed", i * m}};
      row.samples_us.assign(40, static_cast<float>(20 + 10 * (i % 10) * (i % 10)));
      problem.rows.push_back(row);
    }
    trace.push_back(problem);
  }
  std::vector<const TraceProblem*> problems;
  for (const TraceProblem& problem : trace) problems.push_back(&problem);
  const Summary apart = Summarise(ReplayAll(problems, {.repeats = 0}));
  const auto swept = ReplayAll(problems, {.sweep = true, .repeats = 0});
  EXPECT_EQ(swept[0].skipped, 0);
  EXPECT_GT(swept[2].skipped, 50);
  EXPECT_LT(Summarise(swept).cost_ratio, 0.6 * apart.cost_ratio);
  EXPECT_EQ(Summarise(swept).max_regret_pct, 0);
}

TEST(Summarise, TellsMeansAndQuantiles) {
  const TraceProblem problem = Recorded({{1}});
  std::vector<Judged> decisions;
  for (int i = 0; i <= 20; ++i) {
    decisions.push_back(
        {.problem = &problem, .decided = true, .regret = 0.001 * i, .cost_ratio = 0.5});
  }
  decisions[0].intervals = 4;
  decisions[0].covered = 3;
  decisions[1].control_differs = false;
  const Summary summary = Summarise(decisions);
  EXPECT_EQ(summary.problems, 1);
  EXPECT_NEAR(summary.mean_regret_pct, 1, 1e-9);
  EXPECT_NEAR(summary.median_regret_pct, 1, 1e-9);
  EXPECT_NEAR(summary.p95_regret_pct, 1.9, 1e-9);
  EXPECT_NEAR(summary.max_regret_pct, 2, 1e-9);
  EXPECT_NEAR(summary.within_1pct, 11.0 / 21, 1e-9);
  EXPECT_NEAR(summary.cost_ratio, 0.5, 1e-9);
  EXPECT_THAT(summary.interval_coverage, Optional(Eq(0.75)));
  EXPECT_THAT(summary.aa_false_rate, Optional(Eq(0.0)));
  EXPECT_EQ(Summarise({}).decisions, 0);
}

TEST(SetConstant, SetsByNameAndSaysWhatIsWrong) {
  ReplayOptions options;
  EXPECT_EQ(SetConstant("zone=0.25", options), std::nullopt);
  EXPECT_EQ(options.race.zone, 0.25);
  EXPECT_EQ(SetConstant("finalists=3", options), std::nullopt);
  EXPECT_EQ(options.race.finalists, 3);
  EXPECT_THAT(SetConstant("zone", options).value_or(""), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(SetConstant("zone=x", options).value_or(""), HasSubstr("'zone=x'"));
  EXPECT_THAT(SetConstant("zone=-1", options).value_or(""), HasSubstr("from 0"));
  EXPECT_THAT(SetConstant("wat=1", options).value_or(""), HasSubstr("end_risk"));
}

}  // namespace
}  // namespace tactic::bench
