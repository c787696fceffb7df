// Requests, single flight, answers, cancelling, deadlines.
#include "server/core/neighbours.h"
#include "tests/core/tuner_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<ContestState> StatesOf(const JobView& view) {
  std::vector<ContestState> states;
  for (const JobItem& item : view.job->items) states.push_back(item.state);
  return states;
}

TEST_F(TunerTest, MeasuresStoresAndPublishes) {
  EXPECT_EQ(Lookup(16), nullptr);
  StartLane();
  lane_.AnswerAll();
  const JobView view = AwaitEnd(Tune(Ask({16})));
  EXPECT_EQ(view.job->state, JobState::kDone);
  ASSERT_THAT(view.job->items, SizeIs(1));
  EXPECT_EQ(view.job->items[0].state, ContestState::kDecided);
  EXPECT_FALSE(view.job->items[0].already_decided);
  const DecisionPtr decision = Lookup(16);
  ASSERT_NE(decision, nullptr);
  EXPECT_EQ(decision->id, view.job->items[0].decision_id);
  EXPECT_EQ(decision->ranking, GoodResult().ranking);
  EXPECT_EQ(decision->created_unix_ms, clock_.UnixMillis());
  EXPECT_THAT(store_.FindDecision(decision->id), IsOkAndHolds(*decision));
  EXPECT_THAT(tuner_->LoadEvidence(decision->id),
              IsOkAndHolds(Field(&Evidence::trials, GoodResult().evidence.trials)));
}

TEST_F(TunerTest, TheKeyIsTheProblemWithDefaultsTheResolvedPolicyAndTheLanesEnvironment) {
  TuneRequest request = Ask({16});
  request.problems[0].attributes = {};
  const JobView view = Get(Tune(std::move(request)));
  const Key& key = view.job->items[0].key;
  EXPECT_EQ(key.problem, GemmProblem(16));
  EXPECT_EQ(key.policy, Resolve(MeasurementPolicy(), DeviceKind::kHost));
  EXPECT_EQ(key.environment, EnvironmentOf(lane_.Info(), lane_.Info().ops[0]));
  EXPECT_EQ(view.job->items[0].fingerprint, FingerprintOf(key));
}

TEST_F(TunerTest, LookupFillsInDefaults) {
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  Problem bare = GemmProblem(16);
  bare.attributes = {};
  auto found = tuner_->Lookup(bare, MeasurementPolicy(), std::nullopt);
  ASSERT_THAT(found, IsOk());
  EXPECT_NE(*found, nullptr);
}

TEST_F(TunerTest, LookupInAnotherEnvironmentMisses) {
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  Environment other = EnvironmentOf(lane_.Info(), lane_.Info().ops[0]);
  EXPECT_NE(tuner_->Lookup(GemmProblem(16), MeasurementPolicy(), other).value(), nullptr);
  other.driver = "another";
  EXPECT_EQ(tuner_->Lookup(GemmProblem(16), MeasurementPolicy(), other).value(), nullptr);
}

TEST_F(TunerTest, AContestIsToldWhatNeighbouringOnesMeasured) {
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  EXPECT_THAT(lane_.AwaitRun().neighbours, IsEmpty());
  AwaitEnd(Tune(Ask({32})));
  const ContestSpec next = lane_.AwaitRun();
  ASSERT_THAT(next.neighbours, SizeIs(1));
  EXPECT_EQ(next.neighbours[0],
            NeighbourOf(*Lookup(16), tuner_->LoadEvidence(Lookup(16)->id).value()));
}

TEST_F(TunerTest, AContestIsMeasuredWithAFixedSeed) {
  StartLane();
  const std::string id = Tune(Ask({16}));
  const ContestSpec first = lane_.AwaitRun();
  EXPECT_EQ(first.incumbent, std::nullopt);
  lane_.Answer(GoodResult());
  AwaitEnd(id);
  TuneRequest again = Ask({16});
  again.again = true;
  Tune(again);
  EXPECT_EQ(lane_.AwaitRun().seed, first.seed);
  lane_.Answer(GoodResult());
}

TEST_F(TunerTest, WhatIsDecidedIsDoneAtOnce) {
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  const auto view = tuner_->Tune(Ask({16}));
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->job->state, JobState::kDone);
  EXPECT_TRUE(view->job->items[0].already_decided);
  EXPECT_EQ(view->job->items[0].decision_id, Lookup(16)->id);
  EXPECT_EQ(lane_.runs(), 1u);
}

TEST_F(TunerTest, AgainMeasuresWithTheStandingPickAsIncumbent) {
  StartLane();
  const std::string before = Tune(Ask({16}));
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  AwaitEnd(before);
  TuneRequest request = Ask({16});
  request.again = true;
  const std::string id = Tune(request);
  EXPECT_EQ(lane_.AwaitRun().incumbent, SampleCandidate(1));
  ContestResult other = GoodResult();
  std::swap(other.ranking[0], other.ranking[1]);
  lane_.Answer(other);
  const JobView view = AwaitEnd(id);
  EXPECT_FALSE(view.job->items[0].already_decided);
  EXPECT_EQ(Lookup(16)->ranking.front().candidate, SampleCandidate(-1));
  EXPECT_EQ(Lookup(16)->revision, 2u);
}

TEST_F(TunerTest, TwoRequestsForOneKeyAreOneContest) {
  const std::string first = Tune(Ask({16}, "a"));
  const std::string second = Tune(Ask({16}, "b"));
  StartLane();
  lane_.AnswerAll();
  EXPECT_EQ(AwaitEnd(first).job->items[0].decision_id, AwaitEnd(second).job->items[0].decision_id);
  EXPECT_EQ(lane_.runs(), 1u);
}

TEST_F(TunerTest, ARequestJoinsTheContestThatRuns) {
  StartLane();
  const std::string first = Tune(Ask({16}));
  lane_.AwaitRun();
  const std::string second = Tune(Ask({16}));
  lane_.Answer(GoodResult());
  EXPECT_EQ(AwaitEnd(first).job->state, JobState::kDone);
  EXPECT_EQ(AwaitEnd(second).job->state, JobState::kDone);
  EXPECT_EQ(lane_.runs(), 1u);
}

TEST_F(TunerTest, OneProblemTwiceInARequestIsOneContest) {
  const std::string id = Tune(Ask({16, 16}));
  StartLane();
  lane_.AnswerAll();
  EXPECT_THAT(StatesOf(AwaitEnd(id)), ElementsAre(ContestState::kDecided, ContestState::kDecided));
  EXPECT_EQ(lane_.runs(), 1u);
}

TEST_F(TunerTest, AFilterOfRunnersIsAContestOfItsOwnAndStoresTheSameKey) {
  StartLane();
  TuneRequest request = Ask({16});
  request.runners = {"openblas"};
  const std::string filtered = Tune(request);
  EXPECT_THAT(lane_.AwaitRun().runners, ElementsAre("openblas"));
  ContestResult only = GoodResult();
  only.ranking.erase(only.ranking.begin());
  lane_.Answer(only);
  AwaitEnd(filtered);
  ASSERT_NE(Lookup(16), nullptr);
  EXPECT_THAT(Lookup(16)->ranking, SizeIs(1));
  // It says nothing about host_blocked, so that is measured; the pick may not race, so it is no
  // incumbent.
  TuneRequest other = Ask({16});
  other.runners = {"host_blocked"};
  Tune(other);
  EXPECT_EQ(lane_.AwaitRun().incumbent, std::nullopt);
  lane_.Answer(GoodResult());
}

TEST_F(TunerTest, UnknownNamesAreNotFoundAndTheKnownOnesListed) {
  TuneRequest op = Ask({16});
  op.problems[0].op = "conv";
  EXPECT_THAT(tuner_->Tune(op),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("problems[0].op"), HasSubstr("conv"), HasSubstr("gemm"))));
  TuneRequest runner = Ask({16});
  runner.runners = {"openblas", "cutlass"};
  EXPECT_THAT(tuner_->Tune(runner), StatusIs(absl::StatusCode::kNotFound,
                                             AllOf(HasSubstr("runners[1]"), HasSubstr("cutlass"),
                                                   HasSubstr("host_blocked, openblas"))));
  EXPECT_THAT(tuner_->Lookup(op.problems[0], MeasurementPolicy(), std::nullopt),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("problem.op")));
}

TEST_F(TunerTest, AProblemThatDoesNotFitItsOpIsInvalid) {
  TuneRequest request = Ask({16, 16});
  request.problems[1].inputs.pop_back();
  EXPECT_THAT(tuner_->Tune(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("problems[1]")));
  EXPECT_THAT(tuner_->ListJobs(10), IsEmpty());
}

TEST_F(TunerTest, ARequestIdNamesOneJob) {
  const TuneRequest request = Ask({16});
  const std::string id = Tune(request);
  EXPECT_EQ(Tune(request), id);
  TuneRequest other = request;
  other.problems.push_back(GemmProblem(32));
  EXPECT_THAT(tuner_->Tune(other), StatusIs(absl::StatusCode::kFailedPrecondition,
                                            AllOf(HasSubstr("request_id"), HasSubstr(id))));
  Restart();
  EXPECT_EQ(Tune(request), id);
  clock_.Advance(options_.request_id_retention_ms + 1);
  EXPECT_NE(Tune(request), id);
}

TEST_F(TunerTest, AFullQueueRefuses) {
  options_.max_queued_contests = 2;
  Restart();
  Tune(Ask({1, 2}));
  EXPECT_THAT(tuner_->Tune(Ask({3})),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("room for 0 more")));
}

TEST_F(TunerTest, ADrainingTunerTakesNoJobs) {
  const TuneRequest before = Ask({16});
  const std::string id = Tune(before);
  tuner_->Drain();
  EXPECT_THAT(tuner_->Tune(Ask({32})), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Tune(before), id);  // Taken already.
}

TEST_F(TunerTest, ClientsTakeTurns) {
  Tune(Ask({1, 2, 3}, "greedy"));
  Tune(Ask({10}, "modest"));
  StartLane();
  std::vector<int64_t> order;
  for (int i = 0; i < 4; ++i) {
    order.push_back(lane_.AwaitRun().key.problem.inputs[0].dims[0].opt);
    lane_.Answer(GoodResult());
  }
  EXPECT_THAT(order, ElementsAre(1, 10, 2, 3));
}

TEST_F(TunerTest, CancelStopsAContestThatNobodyElseWaitsFor) {
  StartLane();
  const std::string id = Tune(Ask({16, 32}));
  lane_.AwaitRun();
  const auto view = tuner_->CancelJob(id);
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->job->state, JobState::kCancelled);
  EXPECT_THAT(StatesOf(*view), ElementsAre(ContestState::kAbandoned, ContestState::kAbandoned));
  // The lane is free again; what it measured for the cancelled job is not queued any more.
  Tune(Ask({64}));
  EXPECT_EQ(lane_.AwaitRun().key.problem, GemmProblem(64));
  lane_.Answer(GoodResult());
}

TEST_F(TunerTest, CancelLeavesAContestThatAnotherJobWaitsFor) {
  StartLane();
  const std::string first = Tune(Ask({16}));
  const std::string second = Tune(Ask({16}));
  lane_.AwaitRun();
  ASSERT_THAT(tuner_->CancelJob(first), IsOk());
  lane_.Answer(GoodResult());
  EXPECT_EQ(AwaitEnd(second).job->state, JobState::kDone);
  EXPECT_EQ(Get(first).job->state, JobState::kCancelled);
  EXPECT_EQ(lane_.runs(), 1u);
}

TEST_F(TunerTest, AKeyWhoseContestIsBeingStoppedGetsANewOne) {
  lane_.IgnoreStop();
  StartLane();
  const std::string first = Tune(Ask({16}));
  lane_.AwaitRun();
  ASSERT_THAT(tuner_->CancelJob(first), IsOk());
  const std::string second = Tune(Ask({16}));
  lane_.Answer(absl::CancelledError("late"));
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  EXPECT_EQ(AwaitEnd(second).job->state, JobState::kDone);
}

TEST_F(TunerTest, WhatAStoppedContestFoundAllTheSameIsKept) {
  lane_.IgnoreStop();
  StartLane();
  const std::string id = Tune(Ask({16}));
  lane_.AwaitRun();
  ASSERT_THAT(tuner_->CancelJob(id), IsOk());
  lane_.Answer(GoodResult());
  const std::string next = Tune(Ask({32}));
  lane_.AwaitRun();  // So the first one is over.
  EXPECT_NE(Lookup(16), nullptr);
  EXPECT_EQ(Get(id).job->state, JobState::kCancelled);
  lane_.Answer(GoodResult());
  AwaitEnd(next);
}

TEST_F(TunerTest, CancellingAnEndedJobChangesNothing) {
  const std::string id = Tune(Ask({16}));
  ASSERT_THAT(tuner_->CancelJob(id), IsOk());
  const uint64_t version = Get(id).version;
  EXPECT_THAT(tuner_->CancelJob(id), IsOk());
  EXPECT_EQ(Get(id).version, version);
  EXPECT_THAT(tuner_->CancelJob("j-77"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("j-77")));
  EXPECT_THAT(tuner_->GetJob("nonsense"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TunerTest, ADeadlineEndsTheJobWithWhatItHas) {
  StartLane();
  TuneRequest request = Ask({16, 32});
  request.deadline_ms = 5000;
  const std::string id = Tune(request);
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  lane_.AwaitRun();
  clock_.Advance(4999);
  tuner_->Tick();
  EXPECT_EQ(Get(id).job->state, JobState::kRunning);
  clock_.Advance(1);
  tuner_->Tick();
  const JobView view = Get(id);
  EXPECT_EQ(view.job->state, JobState::kExpired);
  EXPECT_THAT(view.job->message, HasSubstr("deadline"));
  EXPECT_THAT(StatesOf(view), ElementsAre(ContestState::kDecided, ContestState::kAbandoned));
}

TEST_F(TunerTest, ProgressIsSeenAndTimeLeftEstimated) {
  StartLane();
  const std::string id = Tune(Ask({16, 32, 64}));
  lane_.AwaitRun();
  EXPECT_EQ(Get(id).seconds_left, 0);
  ContestProgress progress;
  progress.phase = "racing";
  progress.elapsed_seconds = 1;
  progress.seconds_left = 3;
  lane_.Report(progress);
  const JobView view = Await(id, [](const JobView& now) {
    return !now.running.empty() && now.running[0].progress.phase == "racing";
  });
  EXPECT_THAT(view.running, SizeIs(1));
  EXPECT_EQ(view.running[0].item, 0u);
  EXPECT_DOUBLE_EQ(view.seconds_left, 3 + 2 * 4);
  clock_.Advance(10'000);
  lane_.Answer(GoodResult());
  lane_.AwaitRun();
  EXPECT_DOUBLE_EQ(Get(id).seconds_left, 10 + 10);
}

TEST_F(TunerTest, JobsAreListedNewestFirst) {
  const std::string first = Tune(Ask({1}));
  const std::string second = Tune(Ask({2}));
  const std::vector<JobView> all = tuner_->ListJobs(10);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].job->id, second);
  EXPECT_EQ(all[1].job->id, first);
  EXPECT_THAT(tuner_->ListJobs(1), SizeIs(1));
}

}  // namespace
}  // namespace tactic::testing
