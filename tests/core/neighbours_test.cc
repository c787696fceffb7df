#include "server/core/neighbours.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"

namespace tactic {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using testing::GemmProblem;
using ::testing::Optional;
using testing::SampleCandidate;

Key KeyAt(int64_t m) {
  Key key;
  key.problem = GemmProblem(m);
  return key;
}

TEST(DistanceOf, CountsDoublings) {
  EXPECT_THAT(DistanceOf(KeyAt(16), KeyAt(32)), Optional(DoubleNear(1, 1e-9)));
  EXPECT_THAT(DistanceOf(KeyAt(64), KeyAt(16)), Optional(DoubleNear(2, 1e-9)));
  EXPECT_EQ(DistanceOf(KeyAt(1), KeyAt(1024)), std::nullopt);  // Too far.
  EXPECT_EQ(DistanceOf(KeyAt(16), KeyAt(16)), std::nullopt);   // The same.
}

TEST(DistanceOf, OtherCircumstancesCountHalfADoubling) {
  Key other = KeyAt(16);
  other.environment.driver = "older";
  EXPECT_THAT(DistanceOf(KeyAt(16), other), Optional(Eq(0.5)));
  other.policy.cache = CacheState::kWarm;
  EXPECT_THAT(DistanceOf(KeyAt(16), other), Optional(Eq(1.0)));
}

TEST(DistanceOf, OtherProblemsHaveNothingToSay) {
  Key other = KeyAt(32);
  other.problem.op = "softmax";
  EXPECT_EQ(DistanceOf(KeyAt(16), other), std::nullopt);
  other = KeyAt(32);
  other.problem.inputs[0].dtype = DType::kF16;
  EXPECT_EQ(DistanceOf(KeyAt(16), other), std::nullopt);
  other = KeyAt(32);
  other.problem.inputs.pop_back();
  EXPECT_EQ(DistanceOf(KeyAt(16), other), std::nullopt);
  other = KeyAt(32);
  other.environment.device.kind = DeviceKind::kCuda;
  EXPECT_EQ(DistanceOf(KeyAt(16), other), std::nullopt);
}

TEST(NearestDecisions, ComeNearestFirstAndNoMoreThanAsked) {
  std::vector<Decision> decisions;
  for (const int64_t m : {128, 8, 16, 32, 100000}) {
    Decision decision;
    decision.key = KeyAt(m);
    decision.revision = decisions.size() + 1;
    decisions.push_back(decision);
  }
  const Catalog catalog("store", decisions.size(), decisions);
  const auto nearest = NearestDecisions(catalog, KeyAt(16), 2);
  ASSERT_EQ(nearest.size(), 2u);
  EXPECT_EQ(nearest[0]->revision, 2u);  // m = 8; 32 is as near, and newer.
  EXPECT_EQ(nearest[1]->revision, 4u);
  EXPECT_EQ(NearestDecisions(catalog, KeyAt(16), 9).size(), 3u);
}

TEST(NeighbourOf, IsThePickThenEveryCandidateWithATime) {
  Evidence evidence;
  for (const double ns : {300.0, 100.0, 110.0, 0.0}) {
    Trial trial;
    trial.candidate = SampleCandidate(static_cast<int>(evidence.trials.size()));
    trial.median_ns = ns;
    evidence.trials.push_back(trial);
  }
  evidence.trials[0].outcome = Outcome::kEliminated;
  evidence.trials.push_back({SampleCandidate(9), Outcome::kCrashed, "", 50, {}});
  Decision decision;
  decision.ranking.push_back({SampleCandidate(2), 110, 105, 115});
  const Neighbour neighbour = NeighbourOf(decision, evidence);
  ASSERT_EQ(neighbour.trials.size(), 3u);
  EXPECT_EQ(neighbour.trials[0], (Neighbour::Ratio{SampleCandidate(2), 1.1}));
  EXPECT_EQ(neighbour.trials[1], (Neighbour::Ratio{SampleCandidate(0), 3}));
  EXPECT_EQ(neighbour.trials[2], (Neighbour::Ratio{SampleCandidate(1), 1}));
}

}  // namespace
}  // namespace tactic
