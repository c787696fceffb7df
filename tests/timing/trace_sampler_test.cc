#include "runners/timing/trace_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "runners/timing/statistics.h"
#include "tests/timing/race_driver.h"

namespace tactic::timing {
namespace {

using ::testing::AnyOf;

TraceProblem Recorded(std::vector<std::vector<float>> samples_us) {
  TraceProblem problem;
  for (auto& row : samples_us) problem.rows.push_back({{}, std::move(row)});
  return problem;
}

TEST(TraceSampler, ServesRoundsOfAllCandidatesTogether) {
  const TraceProblem problem = Recorded({{10, 11, 12}, {20, 21, 22}});
  TraceSampler sampler(problem, {});
  EXPECT_EQ(sampler.Screen(1).nanoseconds, 20e3);
  const std::vector<int> order = {1, 0};
  const auto round = sampler.Round(order);
  EXPECT_EQ(round[0].candidate, 1);
  EXPECT_EQ(round[0].nanoseconds, 21e3);
  EXPECT_EQ(round[1].nanoseconds, 11e3);
  EXPECT_EQ(sampler.spent_ns(), 20e3 + 21e3 + 11e3);
}

TEST(TraceSampler, CountsWhatASampleCostsBesideItsLaunch) {
  const TraceProblem problem = Recorded({{10, 11}});
  TraceSampler sampler(problem, {.overhead_ns = 500});
  EXPECT_EQ(sampler.Screen(0).cost_ns, 10.5e3);
  EXPECT_EQ(sampler.spent_ns(), 10.5e3);
}

TEST(TraceSampler, DrawsBlocksWhenTheRoundsAreUsedUp) {
  std::vector<float> samples;
  for (int i = 1; i <= 30; ++i) samples.push_back(static_cast<float>(i));
  const TraceProblem problem = Recorded({samples});
  TraceSampler sampler(problem, {.seed = 3});
  const std::vector<int> only = {0};
  std::vector<int> rounds;
  for (int i = 0; i < 69; ++i) {
    rounds.push_back(static_cast<int>(sampler.Round(only)[0].nanoseconds / 1e3) - 1);
  }
  for (int i = 0; i < 29; ++i) EXPECT_EQ(rounds[i], i + 1);
  for (int i = 29; i < 69; ++i) {
    const bool starts_a_block = (i - 29) % 10 == 0;
    if (!starts_a_block) {
      EXPECT_EQ(rounds[i], (rounds[i - 1] + 1) % 30);
    }
  }
}

TEST(TraceSampler, ServesBlocksInAnotherOrderWhenResampled) {
  std::vector<float> samples;
  for (int i = 0; i < 50; ++i) samples.push_back(static_cast<float>(i + 1));
  const TraceProblem problem = Recorded({samples, samples});
  const std::vector<int> both = {0, 1};
  std::set<std::vector<double>> orders;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    TraceSampler sampler(problem, {.seed = seed, .resample = true});
    std::vector<double> order = {sampler.Screen(0).nanoseconds};
    for (int i = 1; i < 50; ++i) {
      const auto round = sampler.Round(both);
      EXPECT_EQ(round[0].nanoseconds, round[1].nanoseconds);
      order.push_back(round[0].nanoseconds);
    }
    orders.insert(order);
    std::sort(order.begin(), order.end());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(order[i], 1e3 * (i + 1));
  }
  EXPECT_GT(orders.size(), 1u);
}

TEST(TraceSampler, ServesEveryOtherRound) {
  const TraceProblem problem = Recorded({{10, 11, 12, 13, 14}, {10}, {}});
  const std::vector<int> first = {0};
  TraceSampler odd(problem, {.first = 1, .stride = 2});
  EXPECT_EQ(odd.Screen(0).nanoseconds, 11e3);
  EXPECT_EQ(odd.Round(first)[0].nanoseconds, 13e3);
  EXPECT_THAT(odd.Round(first)[0].nanoseconds, AnyOf(11e3, 13e3));
  EXPECT_EQ(odd.Screen(1).nanoseconds, 10e3);  // None of its own is in a served round.
  EXPECT_EQ(odd.Screen(2).outcome, Outcome::kRejected);
  TraceSampler even(problem, {.first = 0, .stride = 2});
  EXPECT_EQ(even.Round(first)[0].nanoseconds, 12e3);
  EXPECT_EQ(even.Round(first)[0].nanoseconds, 14e3);
}

TEST(TraceSampler, WhoComesTwiceTakesItsSecondSampleFromTheNextRound) {
  const TraceProblem problem = Recorded({{10, 11, 12}, {20, 21, 22}});
  TraceSampler sampler(problem, {});
  const std::vector<int> order = {0, 1, 0};
  const auto round = sampler.Round(order);
  EXPECT_EQ(round[0].nanoseconds, 11e3);
  EXPECT_EQ(round[1].nanoseconds, 21e3);
  EXPECT_EQ(round[2].nanoseconds, 12e3);
}

// Median of the rounds that the policy did not see.
double Truth(const TraceRow& row, size_t first) {
  std::vector<double> times;
  for (size_t r = first; r < row.samples_us.size(); r += 2) times.push_back(row.samples_us[r]);
  return Median(times);
}

// Six problems of 208 cuBLASLt candidates each, recorded on an H200. Here the library's own first
// choice is 1.7 % slower than the best on average and 8.2 % at worst, the fastest of one launch
// each 0.9 % and 2.8 %: both would fail.
TEST(RaceOnTrace, ChoosesNearlyTheBestOfARealDevice) {
  std::ifstream file(TACTIC_TEST_DATA "/h200_gemm_small.csv");
  ASSERT_TRUE(file.is_open());
  const auto trace = ReadTrace(file);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  ASSERT_EQ(trace->size(), 6u);
  double sum = 0;
  double worst = 0;
  int decisions = 0;
  for (const TraceProblem& problem : *trace) {
    for (size_t served : {0, 1}) {
      Race race(PlainInput(static_cast<int>(problem.rows.size()), 11), {});
      TraceSampler sampler(problem, {.first = served, .stride = 2});
      RunToEnd(race, sampler);
      double best = INFINITY;
      for (const TraceRow& row : problem.rows) best = std::min(best, Truth(row, 1 - served));
      const auto pick = static_cast<size_t>(race.Decide().pick);
      const double regret = Truth(problem.rows[pick], 1 - served) / best - 1;
      worst = std::max(worst, regret);
      sum += regret;
      ++decisions;
    }
  }
  RecordProperty("mean_regret", std::to_string(sum / decisions));
  EXPECT_LT(sum / decisions, 0.003);
  EXPECT_LT(worst, 0.015);
}

}  // namespace
}  // namespace tactic::timing
