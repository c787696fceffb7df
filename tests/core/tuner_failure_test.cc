// Restarts, lanes that fail, stores that fail, retention.
#include <atomic>

#include "tests/core/tuner_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(TunerTest, QueuedJobsAreResumedAfterARestart) {
  const std::string id = Tune(Ask({16}));
  Restart();
  EXPECT_EQ(Get(id).job->state, JobState::kQueued);
  StartLane();
  lane_.AnswerAll();
  EXPECT_EQ(AwaitEnd(id).job->state, JobState::kDone);
}

TEST_F(TunerTest, ARunningContestIsResumedAfterARestart) {
  StartLane();
  const std::string id = Tune(Ask({16, 32}));
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  lane_.AwaitRun();
  StopLane();
  EXPECT_EQ(Get(id).job->items[1].state, ContestState::kQueued);
  Restart();
  EXPECT_EQ(Get(id).job->items[0].state, ContestState::kDecided);
  EXPECT_EQ(Get(id).job->items[1].state, ContestState::kQueued);
  StartLane();
  lane_.AnswerAll();
  EXPECT_EQ(AwaitEnd(id).job->state, JobState::kDone);
  EXPECT_EQ(lane_.runs(), 3u);  // Nothing that was decided is measured twice.
}

TEST_F(TunerTest, ADecisionWhoseJobWasNotUpdatedIsFoundAfterARestart) {
  faulty_store_.FailUpdateJobItem(Fault::kRefuse);  // As if killed between the two.
  StartLane();
  lane_.AnswerAll();
  TuneRequest again = Ask({16});
  again.again = true;
  const std::string id = Tune(again);
  AwaitEnd(id);
  Restart();
  const JobView view = Get(id);
  EXPECT_EQ(view.job->state, JobState::kDone);
  EXPECT_EQ(view.job->items[0].state, ContestState::kDecided);
  EXPECT_FALSE(view.job->items[0].already_decided);
  EXPECT_EQ(lane_.runs(), 1u);
}

// What a restart found decided has to be stored by it: nothing else will.
TEST_F(TunerTest, ADecisionFoundAfterARestartIsStillThereAfterTheNextOne) {
  StartLane();
  const std::string id = Tune(Ask({16, 32, 64}));
  lane_.AwaitRun();
  faulty_store_.FailUpdateJobItem(Fault::kRefuse);  // As if killed between the two.
  faulty_store_.FailPutJob(Fault::kRefuse);
  lane_.Answer(GoodResult());
  lane_.AwaitRun();
  faulty_store_.FailUpdateJobItem(Fault::kNone);
  faulty_store_.FailPutJob(Fault::kNone);
  Restart();
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(id);
  Restart();
  for (const JobItem& item : Get(id).job->items) EXPECT_EQ(item.state, ContestState::kDecided);
}

TEST_F(TunerTest, WhatTheStoreRefusedIsStoredWithTheNextChangeOfTheJob) {
  StartLane();
  const std::string id = Tune(Ask({16, 32}));
  lane_.AwaitRun();
  faulty_store_.FailUpdateJobItem(Fault::kRefuse);
  lane_.Answer(GoodResult());
  lane_.AwaitRun();
  faulty_store_.FailUpdateJobItem(Fault::kNone);
  lane_.Answer(GoodResult());
  AwaitEnd(id);
  Restart();
  for (const JobItem& item : Get(id).job->items) EXPECT_EQ(item.state, ContestState::kDecided);
}

TEST_F(TunerTest, AgainIsMeasuredAfterARestartIfTheDecisionIsOlderThanTheJob) {
  StartLane();
  Tune(Ask({16}));
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  const std::string other = Tune(Ask({32}));
  lane_.AwaitRun();
  lane_.Answer(GoodResult());
  AwaitEnd(other);
  StopLane();
  clock_.Advance(1000);
  TuneRequest again = Ask({16});
  again.again = true;
  const std::string id = Tune(again);
  Restart();
  EXPECT_EQ(Get(id).job->state, JobState::kQueued);
  StartLane();
  EXPECT_EQ(lane_.AwaitRun().incumbent, SampleCandidate(1));
  lane_.Answer(GoodResult());
  AwaitEnd(id);
}

TEST_F(TunerTest, ADeadlineThatPassedWhileTheDaemonWasDownEndsTheJob) {
  TuneRequest request = Ask({16});
  request.deadline_ms = 1000;
  const std::string id = Tune(request);
  TuneRequest longer = Ask({32});
  longer.deadline_ms = 10'000;
  const std::string other = Tune(longer);
  clock_.Advance(5000);
  Restart();
  EXPECT_EQ(Get(id).job->state, JobState::kExpired);
  EXPECT_THAT(Get(id).job->message, HasSubstr("deadline"));
  EXPECT_EQ(Get(other).job->state, JobState::kQueued);
  clock_.Advance(5000);
  tuner_->Tick();
  EXPECT_EQ(Get(other).job->state, JobState::kExpired);
}

TEST_F(TunerTest, AChangedEnvironmentEndsTheJobAfterARestart) {
  const std::string id = Tune(Ask({16}));
  StopLane();
  lane_.ChangeInfo([](LaneInfo& info) {
    info.state = LaneState::kStarting;
    info.ops.clear();
  });
  Restart();
  tuner_->Tick();
  EXPECT_EQ(Get(id).job->state, JobState::kQueued);  // The lane has not said anything yet.
  lane_.ChangeInfo([](LaneInfo& info) { info = FakeLane().Info(); });
  lane_.ChangeInfo([](LaneInfo& info) { info.driver = "another"; });
  tuner_->Tick();
  EXPECT_EQ(Get(id).job->state, JobState::kFailed);
  EXPECT_THAT(Get(id).job->message, HasSubstr("environment"));
}

TEST_F(TunerTest, AnOpThatIsGoneEndsTheJobAfterARestart) {
  const std::string id = Tune(Ask({16}));
  lane_.ChangeInfo([](LaneInfo& info) { info.ops[0].schema.op = "conv"; });
  Restart();
  tuner_->Tick();
  EXPECT_EQ(Get(id).job->state, JobState::kFailed);
  EXPECT_THAT(Get(id).job->message, HasSubstr("gemm"));
}

TEST_F(TunerTest, ALaneThatIsNotReadyIsUnavailable) {
  lane_.ChangeInfo([](LaneInfo& info) {
    info.state = LaneState::kStarting;
    info.ops.clear();
  });
  Restart();
  EXPECT_THAT(tuner_->Tune(Ask({16})),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("host is still starting")));
  EXPECT_THAT(tuner_->Lookup(GemmProblem(16), MeasurementPolicy(), std::nullopt),
              StatusIs(absl::StatusCode::kUnavailable));
  // A complete question needs no lane.
  EXPECT_THAT(tuner_->Lookup(GemmProblem(16), MeasurementPolicy(), SampleEnvironment()),
              IsOkAndHolds(nullptr));
  lane_.ChangeInfo([](LaneInfo& info) { info = FakeLane().Info(); });
  EXPECT_THAT(tuner_->Tune(Ask({16})), IsOk());
}

TEST_F(TunerTest, AQuarantinedLaneTakesNothingButAnswersWhatIsDecided) {
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  lane_.ChangeInfo([](LaneInfo& info) {
    info.state = LaneState::kQuarantined;
    info.message = "the worker died 5 times";
  });
  EXPECT_THAT(tuner_->Tune(Ask({32})),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("quarantined"), HasSubstr("died 5 times"))));
  EXPECT_EQ(Get(Tune(Ask({16}))).job->state, JobState::kDone);
}

TEST_F(TunerTest, AQuarantinedLaneTakesAContestAsItsProbeAfterAPause) {
  StartLane();
  const std::string id = Tune(Ask({16}));
  lane_.AwaitRun();
  lane_.ChangeInfo([](LaneInfo& info) { info.state = LaneState::kQuarantined; });
  lane_.Answer(absl::UnavailableError("the worker died too often"));
  Await(id, [](const JobView& view) { return view.job->items[0].state == ContestState::kQueued; });
  EXPECT_THAT(tuner_->Tune(Ask({32})), StatusIs(absl::StatusCode::kUnavailable));
  // Also when nothing is queued that could be the probe.
  ASSERT_THAT(tuner_->CancelJob(id), IsOk());
  clock_.Advance(options_.quarantine_pause_ms - 1);
  EXPECT_THAT(tuner_->Tune(Ask({32})), StatusIs(absl::StatusCode::kUnavailable));
  clock_.Advance(1);
  const std::string next = Tune(Ask({32}));
  EXPECT_EQ(lane_.AwaitRun().key.problem, GemmProblem(32));
  lane_.ChangeInfo([](LaneInfo& info) { info.state = LaneState::kReady; });
  lane_.Answer(GoodResult());
  EXPECT_EQ(AwaitEnd(next).job->items[0].state, ContestState::kDecided);
  EXPECT_THAT(tuner_->Tune(Ask({64})), IsOk());
}

TEST_F(TunerTest, ALaneThatFailsGetsTheContestAgainAfterAPause) {
  StartLane();
  const std::string id = Tune(Ask({16}));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    lane_.AwaitRun();
    lane_.Answer(absl::UnavailableError("the worker died"));
    if (attempt == 3) break;
    Await(id,
          [&](const JobView& view) { return view.job->items[0].state == ContestState::kQueued; });
    EXPECT_EQ(lane_.runs(), static_cast<size_t>(attempt));
    clock_.Advance(options_.lane_pause_ms << (attempt - 1));
    tuner_->Tick();
  }
  const JobView view = AwaitEnd(id);
  EXPECT_EQ(view.job->state, JobState::kDone);
  EXPECT_EQ(view.job->items[0].state, ContestState::kFailed);
  EXPECT_THAT(view.job->items[0].message,
              AllOf(HasSubstr("3 attempts"), HasSubstr("the worker died")));
  EXPECT_EQ(Lookup(16), nullptr);
}

TEST_F(TunerTest, AProblemThatCannotRunFailsAtOnce) {
  StartLane();
  const std::string id = Tune(Ask({16}));
  lane_.AwaitRun();
  lane_.Answer(absl::InvalidArgumentError("needs 3 TiB"));
  const JobView view = AwaitEnd(id);
  EXPECT_EQ(view.job->items[0].state, ContestState::kFailed);
  EXPECT_EQ(view.job->items[0].message, "needs 3 TiB");
}

TEST_F(TunerTest, AContestWithoutAValidCandidateFailsAndPublishesNothing) {
  StartLane();
  const std::string id = Tune(Ask({16}));
  ContestResult none;
  none.failure = "all 12 candidates are wrong";
  none.evidence = SampleEvidence(0);
  lane_.Answer(none);
  const JobView view = AwaitEnd(id);
  EXPECT_EQ(view.job->items[0].state, ContestState::kFailed);
  EXPECT_EQ(view.job->items[0].message, none.failure);
  EXPECT_EQ(catalog_->Revision(), 0u);
}

TEST_F(TunerTest, AJobThatCannotBeStoredIsNotTaken) {
  faulty_store_.FailPutJob(Fault::kRefuse);
  const TuneRequest request = Ask({16});
  EXPECT_THAT(tuner_->Tune(request),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("disk full")));
  EXPECT_THAT(tuner_->ListJobs(10), IsEmpty());
  faulty_store_.FailPutJob(Fault::kNone);
  EXPECT_EQ(Tune(request), "j-1");
}

TEST_F(TunerTest, AResultThatCannotBeStoredIsNotPublished) {
  faulty_store_.FailPutContest(Fault::kRefuse);
  StartLane();
  lane_.AnswerAll();
  const JobView view = AwaitEnd(Tune(Ask({16})));
  EXPECT_EQ(view.job->items[0].state, ContestState::kFailed);
  EXPECT_THAT(view.job->items[0].message, HasSubstr("disk on fire"));
  EXPECT_EQ(Lookup(16), nullptr);
}

TEST_F(TunerTest, AResultThatWasStoredAlthoughAnErrorCameBackIsPublished) {
  faulty_store_.FailPutContest(Fault::kStoreAndFail);
  StartLane();
  lane_.AnswerAll();
  const JobView view = AwaitEnd(Tune(Ask({16})));
  EXPECT_EQ(view.job->items[0].state, ContestState::kDecided);
  ASSERT_NE(Lookup(16), nullptr);
  EXPECT_EQ(Lookup(16)->id, view.job->items[0].decision_id);
}

TEST_F(TunerTest, ADoubtfulResultIsPublishedBeforeLaterOnes) {
  faulty_store_.FailPutContest(Fault::kStoreAndFail);
  faulty_store_.FailLoadDecisions(Fault::kRefuse);
  StartLane();
  lane_.AnswerAll();
  EXPECT_EQ(AwaitEnd(Tune(Ask({16}))).job->items[0].state, ContestState::kFailed);
  EXPECT_EQ(Lookup(16), nullptr);
  faulty_store_.FailPutContest(Fault::kNone);
  EXPECT_EQ(AwaitEnd(Tune(Ask({32}))).job->items[0].state, ContestState::kFailed);
  faulty_store_.FailLoadDecisions(Fault::kNone);
  AwaitEnd(Tune(Ask({64})));
  ASSERT_NE(Lookup(16), nullptr);
  ASSERT_NE(Lookup(64), nullptr);
  EXPECT_LT(Lookup(16)->revision, Lookup(64)->revision);
  EXPECT_EQ(catalog_->Revision(), store_.Info().revision);
}

TEST_F(TunerTest, WhatTheStoreRefusedIsOfferedAgain) {
  const std::string id = Tune(Ask({16}));
  faulty_store_.FailPutJob(Fault::kRefuse);
  EXPECT_THAT(tuner_->CancelJob(id), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Get(id).job->state, JobState::kCancelled);
  tuner_->Tick();
  EXPECT_EQ(store_.LoadJobs().value()[0].state, JobState::kQueued);
  faulty_store_.FailPutJob(Fault::kNone);
  tuner_->Tick();
  EXPECT_EQ(store_.LoadJobs().value()[0].state, JobState::kCancelled);
}

TEST_F(TunerTest, WhatListenersSeeIsStored) {
  std::atomic<bool> stored = false;
  const uint64_t listener =
      catalog_->Subscribe([&] { stored = store_.FindDecision(catalog_->Revision()).ok(); });
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  EXPECT_TRUE(stored);
  catalog_->Unsubscribe(listener);
}

TEST_F(TunerTest, OldJobsAreForgotten) {
  const std::string id = Tune(Ask({16}));
  ASSERT_THAT(tuner_->CancelJob(id), IsOk());
  clock_.Advance(options_.job_retention_ms);
  tuner_->Tick();
  EXPECT_THAT(tuner_->GetJob(id), IsOk());
  clock_.Advance(1);
  tuner_->Tick();
  EXPECT_THAT(tuner_->GetJob(id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_.LoadJobs().value(), IsEmpty());
}

TEST_F(TunerTest, TooManyEndedProblemsAreForgottenOldestFirst) {
  options_.max_ended_items = 3;
  Restart();
  const std::string first = Tune(Ask({1, 2}));
  const std::string second = Tune(Ask({3, 4}));
  ASSERT_THAT(tuner_->CancelJob(first), IsOk());
  clock_.Advance(1);
  ASSERT_THAT(tuner_->CancelJob(second), IsOk());
  tuner_->Tick();
  EXPECT_THAT(tuner_->GetJob(first), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(tuner_->GetJob(second), IsOk());
  EXPECT_THAT(store_.LoadJobs().value(), SizeIs(1));
}

TEST_F(TunerTest, EventsTellWhatHappened) {
  std::mutex mu;
  std::vector<TunerEvent::Kind> kinds;
  options_.on_event = [&](const TunerEvent& event) {
    const std::lock_guard lock(mu);
    kinds.push_back(event.kind);
  };
  Restart();
  StartLane();
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})));
  StopLane();
  using Kind = TunerEvent::Kind;
  for (const Kind kind :
       {Kind::kJobTaken, Kind::kContestStarted, Kind::kContestDecided, Kind::kJobEnded}) {
    EXPECT_THAT(kinds, Contains(kind).Times(1));
  }
}

TEST_F(TunerTest, ManyClientsAtOnce) {
  StartLane();
  lane_.AnswerAll();
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this, client] {
      for (int64_t m = 1; m <= 10; ++m) {
        TuneRequest request;
        request.request_id = std::to_string(client) + "-" + std::to_string(m);
        request.client = std::to_string(client);
        request.problems = {GemmProblem(m)};
        const std::string id = Tune(request);
        if (m % 3 == client % 3) {
          EXPECT_THAT(tuner_->CancelJob(id), IsOk());
        } else {
          AwaitEnd(id);
        }
        tuner_->Tick();
      }
    });
  }
  clients.clear();
  for (const JobView& view : tuner_->ListJobs(100)) EXPECT_TRUE(IsTerminal(view.job->state));
}

}  // namespace
}  // namespace tactic::testing
