#include "bench/search_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tactic::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr timing::SearchStrategy kRandom = timing::SearchStrategy::kRandom;

// Candidate i takes 10 + i microseconds.
timing::TraceProblem Recorded(int candidates) {
  timing::TraceProblem problem;
  for (int64_t i = 0; i < candidates; ++i) {
    problem.rows.push_back({{{"a", i % 10}, {"b", i / 10}}, {10.0f + static_cast<float>(i)}});
  }
  return problem;
}

TEST(SearchCurve, EndsAtTheBestOnceAllAreMeasured) {
  for (const auto strategy :
       {kRandom, timing::SearchStrategy::kLocal, timing::SearchStrategy::kModel}) {
    const auto curve = SearchCurve(Recorded(100), strategy, {1, 10, 100}, 20);
    ASSERT_THAT(curve, SizeIs(3));
    EXPECT_GT(curve[0].mean_regret, curve[1].mean_regret);
    EXPECT_GT(curve[1].mean_regret, 0);
    EXPECT_GE(curve[1].worst_regret, curve[1].mean_regret);
    EXPECT_EQ(curve[2].worst_regret, 0);
  }
}

TEST(SearchCurve, OfOneDrawTheMeanIsThatOfAll) {
  const auto curve = SearchCurve(Recorded(100), kRandom, {1}, 3000);
  EXPECT_NEAR(curve.front().mean_regret, 4.95, 0.2);  // (0 + … + 99) / 100 / 10.
}

TEST(SearchCurve, PointsBeyondTheSpaceAreLeftOut) {
  EXPECT_THAT(
      SearchCurve(Recorded(20), kRandom, {10, 20, 21}, 2),
      ElementsAre(Field(&SearchPoint::evaluations, 10), Field(&SearchPoint::evaluations, 20)));
}

TEST(SearchCurve, FailuresAreNeverTheBest) {
  timing::TraceProblem problem = Recorded(20);
  problem.rows[0].samples_us.clear();
  problem.rows[1].samples_us = {1, NAN};
  const auto curve = SearchCurve(problem, timing::SearchStrategy::kModel, {20}, 2);
  EXPECT_EQ(curve.front().worst_regret, 0);
  for (auto& row : problem.rows) row.samples_us.clear();
  EXPECT_THAT(SearchCurve(problem, kRandom, {5}, 2), IsEmpty());
}

}  // namespace
}  // namespace tactic::bench
