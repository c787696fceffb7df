#include "runners/timing/priors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tactic::timing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Lt;

Candidate With(int64_t tile, int64_t stages) {
  return {{"tiled", "1"}, {{"tile", tile}, {"stages", stages}}};
}

// Every tile of 0 to 9 with every number of stages of 0 to 9: each tile is so much slower than the
// one before it, and stages matter little.
Neighbour Grid(double each_tile, int64_t last_stages = 9) {
  Neighbour neighbour;
  for (int64_t tile = 0; tile < 10; ++tile) {
    for (int64_t stages = 0; stages <= last_stages; ++stages) {
      const double slower = std::pow(each_tile, static_cast<double>(tile)) * (1 + 0.01 * stages);
      neighbour.trials.push_back({With(tile, stages), slower});
    }
  }
  return neighbour;
}

TEST(Priors, WithoutNeighboursSayNothing) {
  const std::vector<Candidate> candidates = {With(1, 1), With(2, 2)};
  const Priors priors = PriorsFrom({}, candidates, {});
  EXPECT_THAT(priors.first, IsEmpty());
  EXPECT_THAT(priors.hopeless, IsEmpty());
}

TEST(Priors, MeasureThePickAndTheFastestOfEachNeighbourFirst) {
  Neighbour near;
  near.trials = {{With(3, 3), 1.001}, {With(9, 9), 5}, {With(1, 1), 1}, {With(4, 4), 2}};
  Neighbour far;
  far.trials = {{With(7, 7), 1}, {With(1, 1), 1.5}, {With(4, 4), 1.2}};
  const std::vector<Candidate> candidates = {With(0, 0), With(1, 1), With(3, 3), With(4, 4),
                                             With(7, 7)};
  PriorOptions options;
  options.first_of_each = 2;
  EXPECT_THAT(PriorsFrom(std::vector{near, far}, candidates, options).first,
              ElementsAre(2, 1, 4, 3));
}

TEST(Priors, PredictFromSettingsWhatNobodyMeasured) {
  // The neighbours had stages up to 5, the candidates have more.
  std::vector<Candidate> candidates;
  for (int64_t tile = 0; tile < 10; ++tile) candidates.push_back(With(tile, 8));
  const Priors priors = PriorsFrom(std::vector{Grid(1.5, 5)}, candidates, {});
  // 1.5 ^ 2 is well over the cut of 1.5, the first two are not.
  EXPECT_THAT(priors.hopeless, ::testing::Contains(9));
  EXPECT_THAT(priors.hopeless, ::testing::Not(::testing::Contains(0)));
  EXPECT_THAT(priors.hopeless, ::testing::Not(::testing::Contains(1)));
  EXPECT_GE(priors.hopeless.size(), 5u);
}

TEST(Priors, SettingsOfAnotherRunnerSayNothing) {
  std::vector<Candidate> candidates;
  for (int64_t tile = 0; tile < 10; ++tile) {
    candidates.push_back({{"other", "1"}, {{"tile", tile}, {"stages", int64_t{1}}}});
  }
  const Priors priors = PriorsFrom(std::vector{Grid(1.1)}, candidates, {});
  EXPECT_THAT(priors.hopeless, IsEmpty());
}

TEST(Priors, UnpredictableTimesMakeNobodyHopeless) {
  Neighbour wild;
  std::vector<Candidate> candidates;
  for (int64_t i = 0; i < 100; ++i) {
    // Neither setting tells: fast on one diagonal only.
    const int64_t tile = i / 10;
    const int64_t stages = i % 10;
    wild.trials.push_back({With(tile, stages), (tile + stages) % 3 == 0 ? 1.0 : 8.0});
    candidates.push_back(With(tile, stages));
  }
  EXPECT_THAT(PriorsFrom(std::vector{wild}, candidates, {}).hopeless, IsEmpty());
}

TEST(Priors, AFewTrialsPredictNothing) {
  Neighbour few;
  few.trials = {{With(0, 0), 1}, {With(1, 0), 100}};
  const std::vector<Candidate> candidates = {With(0, 0), With(1, 0)};
  EXPECT_THAT(PriorsFrom(std::vector{few}, candidates, {}).hopeless, IsEmpty());
}

TEST(Priors, LeaveOutWhatIsNoRatio) {
  Neighbour neighbour = Grid(1.5);
  const double bad[] = {0, -1, std::nan(""), std::numeric_limits<double>::infinity()};
  for (double slower : bad) neighbour.trials.push_back({With(0, 0), slower});
  const std::vector<Candidate> candidates = {With(0, 1), With(9, 1)};
  const Priors priors = PriorsFrom(std::vector{neighbour}, candidates, {});
  EXPECT_THAT(priors.hopeless, ElementsAre(1));
  EXPECT_THAT(priors.first, Each(Lt(2)));
}

}  // namespace
}  // namespace tactic::timing
