// Verifying a standing decision: what is concluded, what a job of it does, what of it is kept.
#include "server/core/verification.h"

#include <cmath>

#include "tests/core/tuner_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Raced to the end, with these times in rounds 1, 2, … after a screening sample.
Trial Raced(const Candidate& candidate, std::vector<float> times) {
  Trial trial{candidate, Outcome::kMeasured, "", times[0], {{0, 0, 1e6f}}};
  for (size_t i = 0; i < times.size(); ++i) {
    trial.samples.push_back({0, static_cast<uint32_t>(i + 1), times[i]});
  }
  return trial;
}

// SampleCandidate(1) stood with 100 ns; now both are measured in rounds whose speed differs.
ContestResult Measured(std::vector<float> pick, std::vector<float> other) {
  ContestResult result = GoodResult();
  result.evidence.trials = {Raced(SampleCandidate(0), other), Raced(SampleCandidate(1), pick)};
  return result;
}

Decision Standing() {
  Decision decision = SampleDecision();
  decision.id = 7;
  decision.ranking = {{SampleCandidate(1), 100, 99, 101}};
  return decision;
}

TEST(VerifyTest, APickThatIsStillTheBestHasNoRegret) {
  const Verification found = Verify(Standing(), Measured({100, 200, 400}, {110, 220, 440}));
  EXPECT_EQ(found, (Verification{.decision_id = 7}));
}

TEST(VerifyTest, DriftIsOfTheMedianSinceItWasDecided) {
  EXPECT_NEAR(Verify(Standing(), Measured({130, 130, 130}, {150, 150, 150})).drift, 0.3, 1e-9);
}

TEST(VerifyTest, RegretComparesWithinRoundsOnly) {
  ContestResult result = Measured({110, 220, 440}, {100, 200, 400});
  std::swap(result.ranking[0].candidate, result.ranking[1].candidate);
  const Verification found = Verify(Standing(), result);
  EXPECT_NEAR(found.regret, 0.1, 1e-6);
  EXPECT_NEAR(found.regret_error, 0, 1e-6);
  EXPECT_TRUE(found.superseded);
}

TEST(VerifyTest, TheErrorOfTheRegretIsThatOfAMean) {
  // Log ratios 0.1 and 0.3: the mean is 0.2, its standard error 0.1.
  const float up = 100 * std::exp(0.1f), more = 100 * std::exp(0.3f);
  const Verification found = Verify(Standing(), Measured({up, more}, {100, 100}));
  EXPECT_NEAR(found.regret, std::expm1(0.2), 1e-5);
  EXPECT_NEAR(found.regret_error, 0.1, 1e-5);
}

TEST(VerifyTest, WhoWasEliminatedIsNoMeasureOfRegret) {
  ContestResult result = Measured({110, 110, 110}, {100, 100, 100});
  result.evidence.trials[0].outcome = Outcome::kEliminated;
  EXPECT_EQ(Verify(Standing(), result).regret, 0);
}

TEST(VerifyTest, APickThatFailedIsSaidToHave) {
  ContestResult result = Measured({100, 100}, {110, 110});
  result.evidence.trials[1].outcome = Outcome::kWrongResult;
  std::swap(result.ranking[0].candidate, result.ranking[1].candidate);
  EXPECT_EQ(Verify(Standing(), result),
            (Verification{.decision_id = 7, .superseded = true, .pick_failed = true}));
}

TEST(VerifyTest, APickThatIsNoCandidateAnyMoreHasFailed) {
  ContestResult result = GoodResult();
  result.evidence.trials.clear();
  EXPECT_TRUE(Verify(Standing(), result).pick_failed);
}

class VerifyJobTest : public TunerTest {
 protected:
  // Decides about m = 16, then asks to verify it.
  std::string DecideAndVerify() {
    StartLane();
    const std::string decided = Tune(Ask({16}));
    lane_.AwaitRun();
    lane_.Answer(GoodResult());
    AwaitEnd(decided);
    TuneRequest request = Ask({16});
    request.verify = true;
    return Tune(request);
  }
  size_t StoredContests() {
    uint64_t damaged = 0;
    uint64_t after = 0;
    size_t count = 0;
    while (const auto next = store_.NextContest(after, damaged).value()) {
      after = next->id;
      ++count;
    }
    return count;
  }
};

TEST_F(VerifyJobTest, MeasuresThoroughlyWithThePickAsTheIncumbent) {
  DecideAndVerify();
  const ContestSpec spec = lane_.AwaitRun();
  EXPECT_TRUE(spec.thorough);
  EXPECT_EQ(spec.incumbent, SampleCandidate(1));
  lane_.Answer(GoodResult());
}

TEST_F(VerifyJobTest, ADecisionThatHoldsStaysAndTheEvidenceIsKept) {
  const std::string id = DecideAndVerify();
  const DecisionPtr before = Lookup(16);
  lane_.Answer(GoodResult());
  const JobItem item = AwaitEnd(id).job->items[0];
  EXPECT_EQ(item.state, ContestState::kDecided);
  EXPECT_EQ(item.decision_id, before->id);
  ASSERT_TRUE(item.verification.has_value());
  EXPECT_FALSE(item.verification->superseded);
  EXPECT_EQ(*Lookup(16), *before);
  EXPECT_EQ(catalog_->Revision(), 1u);
  EXPECT_EQ(StoredContests(), 2u);
}

TEST_F(VerifyJobTest, WhatIsFasterSupersedes) {
  const std::string id = DecideAndVerify();
  const uint64_t before = Lookup(16)->id;
  ContestResult other = GoodResult();
  std::swap(other.ranking[0], other.ranking[1]);
  lane_.Answer(other);
  const JobItem item = AwaitEnd(id).job->items[0];
  EXPECT_TRUE(item.verification->superseded);
  EXPECT_EQ(item.verification->decision_id, before);
  EXPECT_EQ(item.decision_id, Lookup(16)->id);
  EXPECT_EQ(Lookup(16)->ranking.front().candidate, SampleCandidate(-1));
  EXPECT_EQ(catalog_->Revision(), 2u);
}

TEST_F(VerifyJobTest, WhyThePickFailedIsSaid) {
  const std::string id = DecideAndVerify();
  ContestResult other = GoodResult();
  std::swap(other.ranking[0], other.ranking[1]);
  other.evidence.trials[1].outcome = Outcome::kWrongResult;
  other.evidence.trials[1].detail = "c[0] is 1, not 2";
  lane_.Answer(other);
  EXPECT_THAT(AwaitEnd(id).job->items[0].message,
              AllOf(HasSubstr("the stored pick failed"), HasSubstr("c[0] is 1, not 2")));
}

TEST_F(VerifyJobTest, AContestWithoutAValidCandidateChangesNothing) {
  const std::string id = DecideAndVerify();
  ContestResult nothing = GoodResult();
  nothing.ranking.clear();
  nothing.failure = "no valid candidate";
  lane_.Answer(nothing);
  const JobItem item = AwaitEnd(id).job->items[0];
  EXPECT_EQ(item.state, ContestState::kFailed);
  EXPECT_EQ(item.message, "no valid candidate");
  EXPECT_EQ(Lookup(16)->ranking.front().candidate, SampleCandidate(1));
}

TEST_F(VerifyJobTest, WhatHasNoDecisionFails) {
  TuneRequest request = Ask({16});
  request.verify = true;
  const auto view = tuner_->Tune(request);
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->job->state, JobState::kDone);
  EXPECT_EQ(view->job->items[0].state, ContestState::kFailed);
  EXPECT_THAT(view->job->items[0].message, HasSubstr("tune it first"));
}

TEST_F(VerifyJobTest, AFilterOfRunnersOrAgainIsRefused) {
  TuneRequest again = Ask({16});
  again.verify = again.again = true;
  EXPECT_THAT(tuner_->Tune(again),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("leave out `again`")));
  TuneRequest runners = Ask({16});
  runners.verify = true;
  runners.runners = {"openblas"};
  EXPECT_THAT(tuner_->Tune(runners), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(VerifyJobTest, IsResumedAfterARestart) {
  const std::string id = DecideAndVerify();
  lane_.AwaitRun();
  Restart();
  EXPECT_EQ(Get(id).job->items[0].state, ContestState::kQueued);
  StartLane();
  EXPECT_TRUE(lane_.AwaitRun().thorough);
  lane_.Answer(GoodResult());
  const JobItem item = AwaitEnd(id).job->items[0];
  Restart();
  EXPECT_EQ(Get(id).job->items[0].verification, item.verification);
  EXPECT_TRUE(Get(id).job->verify);
}

}  // namespace
}  // namespace tactic::testing
