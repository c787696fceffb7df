#include "runners/timing/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runners/timing/paired.h"

namespace tactic::timing {
namespace {

TEST(Median, TakesTheMiddle) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({7}), 7);
  EXPECT_TRUE(std::isnan(Median({})));
}

TEST(TrimmedMean, DropsBothEnds) {
  EXPECT_DOUBLE_EQ(TrimmedMean({1, 2, 3, 4, 5, 6, 7, 8, 9, 1000}, 0.1), 5.5);
  EXPECT_DOUBLE_EQ(TrimmedMean({-1000, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.1), 5.5);
}

TEST(TrimmedMean, IsTheMeanWhenTheCutIsUnderOneValue) {
  EXPECT_DOUBLE_EQ(TrimmedMean({1, 2, 6}, 0.1), 3);
}

TEST(TrimmedMean, IsTheMedianWhenNothingWouldBeLeft) {
  EXPECT_DOUBLE_EQ(TrimmedMean({1, 2, 6, 100}, 0.5), 4);
  EXPECT_TRUE(std::isnan(TrimmedMean({}, 0.1)));
}

TEST(MedianAbsoluteDeviation, IgnoresWildValues) {
  const std::vector<double> values = {9, 10, 11, 10, 1e9};
  EXPECT_EQ(MedianAbsoluteDeviation(values, 10), 1);
}

TEST(MedianInterval, FollowsTheBinomialTable) {
  // n = 10: the 2nd and 9th value hold the median with 97.9 %; n = 6: only the ends do.
  EXPECT_EQ(MedianInterval({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}), std::pair(2.0, 9.0));
  EXPECT_EQ(MedianInterval({6, 5, 4, 3, 2, 1}), std::pair(1.0, 6.0));
  std::vector<double> hundred;
  for (int i = 1; i <= 100; ++i) hundred.push_back(i);
  EXPECT_EQ(MedianInterval(hundred), std::pair(40.0, 61.0));
}

TEST(MedianInterval, OfFewValuesIsTheirRange) {
  EXPECT_EQ(MedianInterval({3, 5}), std::pair(3.0, 5.0));
  EXPECT_EQ(MedianInterval({4}), std::pair(4.0, 4.0));
  EXPECT_EQ(MedianInterval({}), std::pair(0.0, 0.0));
}

TEST(LogRatios, PairsWithinRoundsOfOneEpochOnly) {
  const std::vector<Sample> a = {{0, 0, 500}, {0, 1, 200}, {0, 2, 300}, {1, 1, 400}};
  const std::vector<Sample> b = {{0, 0, 100}, {0, 2, 100}, {0, 3, 100}, {1, 1, 100}};
  const auto ratios = LogRatios(a, b);
  ASSERT_EQ(ratios.size(), 2u);  // Not the screening pass, not round 1 or 3 of epoch 0.
  EXPECT_NEAR(ratios[0], std::log(3), 1e-6);
  EXPECT_NEAR(ratios[1], std::log(4), 1e-6);
}

// n ratios around `center` whose median absolute deviation is `spread`.
std::vector<double> Around(double center, double spread, size_t n) {
  std::vector<double> ratios;
  for (size_t i = 0; i < n; ++i) ratios.push_back(center + (i % 2 == 0 ? spread : -spread));
  return ratios;
}

TEST(Spread, CorrectsWhatFewValuesHide) {
  const auto hundred = Around(0, 0.01, 100);
  EXPECT_NEAR(Spread(hundred), 0.01 * kMadToSigma * 100 / 99.2, 1e-9);
  EXPECT_NEAR(Spread({0, 0.01, 0.02}), 0.01 * kMadToSigma * 1.495, 1e-9);
  EXPECT_EQ(Spread({0, 0.01}), 0);
}

TEST(PooledSpread, AveragesWithTheTypicalOne) {
  const std::vector<std::vector<double>> all = {Around(0, 0.01, 101), Around(0, 0.01, 101),
                                                Around(0.1, 0, 101)};
  const PooledSpread noise(all, 100, 1, 1);
  // Its own variance is 0, that of the others counts as much as its hundred degrees of freedom.
  const double typical = Spread(all[0]);
  EXPECT_NEAR(noise.Summarise(all[2], 0).error, typical * std::sqrt(0.5 * 300 / 298 / 101), 1e-9);
  EXPECT_NEAR(noise.Summarise(all[2], 0).difference, 0.1, 1e-9);
  EXPECT_EQ(noise.Summarise(all[2], 0.5).error, 0.5);
  EXPECT_EQ(noise.Summarise(all[2], 0).rounds, 101);
}

TEST(PooledSpread, GoesByTheUnknownUntilRatiosTell) {
  const std::vector<std::vector<double>> all = {{0.01, 0.02, 0.03}};
  const PooledSpread noise(all, 8, 0.05, 2);
  // Two degrees of freedom: Student's t has no variance. A median of three, dependent rounds.
  EXPECT_NEAR(noise.Summarise(all[0], 0).error, 2 * 1.2533 * 0.05 / std::sqrt(3), 1e-6);
}

TEST(Comparison, ExpectsToGainTheTailOfItsError) {
  // E max(-X, 0) of a standard normal X is 1 / sqrt(2 pi).
  EXPECT_NEAR((Comparison{0, 1, 9}.ExpectedGain()), 0.398942, 1e-6);
  EXPECT_NEAR((Comparison{1, 1, 9}.ExpectedGain()), 0.083315, 1e-6);
  EXPECT_NEAR((Comparison{1, 1, 9}.ExpectedGain(1)), 0.398942, 1e-6);
  EXPECT_NEAR((Comparison{-5, 1, 9}.ExpectedGain()), 5, 1e-6);
  EXPECT_EQ((Comparison{0.1, 0, 9}.ExpectedGain()), 0);
  EXPECT_EQ((Comparison{-0.1, 0, 9}.ExpectedGain()), 0.1);
}

}  // namespace
}  // namespace tactic::timing
