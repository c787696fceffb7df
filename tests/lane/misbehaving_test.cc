// The lane with a real worker whose candidates misbehave (tests/misbehaving): the contest ends, the
// culprit is named with its reason, and nobody else is blamed.
#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/wire/sanitized.h"
#include "server/lane/worker_lane.h"
#include "tests/lane/act_fixture.h"
#include "tests/lane/descriptors.h"
#include "tests/lane/lane_samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using testing::ActCase;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using testing::EchoSpec;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Lt;
using ::testing::Not;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::TempDir;

class MisbehavingTest : public testing::ActFixture {
 protected:
  static constexpr int64_t kGood = 3;

  WorkerLaneOptions Options() { return OptionsFor(MISBEHAVING_WORKER, "host"); }

  ContestSpec SpecOf(const std::string& acts) const {
    return EchoSpec({{"acts", acts}, {"good", kGood}, {"directory", dir_.path().string()}});
  }

  absl::StatusOr<ContestResult> Run(const std::string& acts, std::stop_token stop = {}) {
    return lane_->Run(SpecOf(acts), std::move(stop), [](const ContestProgress&) {});
  }

  TempDir dir_;
};

class ActTest : public MisbehavingTest, public ::testing::WithParamInterface<ActCase> {};

TEST_P(ActTest, EndsTheCandidateAndNothingElse) {
  const ActCase& expected = GetParam();
  Start(Options());
  const absl::StatusOr<ContestResult> result = Run(expected.act);
  ASSERT_THAT(result, IsOk());
  const Trial trial = Find(*result, expected.act);
  EXPECT_EQ(trial.outcome, expected.outcome) << trial.detail;
  EXPECT_THAT(trial.detail, HasSubstr(expected.detail));
  ExpectTheOthersValid(*result, expected.act);
  EXPECT_EQ(result->evidence.worker_restarts, expected.restarts);
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);

  const absl::StatusOr<ContestResult> next = Run("");
  ASSERT_THAT(next, IsOk());
  ExpectTheOthersValid(*next, "");
  EXPECT_EQ(next->evidence.worker_restarts, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Acts, ActTest,
    ::testing::Values(
        ActCase{"crash", Outcome::kCrashed, "killed by SIGSEGV while validating", 2},
        ActCase{"crash_in_prepare", Outcome::kCrashed, "killed by SIGSEGV while preparing", 2},
        ActCase{"crash_later", Outcome::kCrashed, "3 times in one contest", 3},
        ActCase{"abort", Outcome::kCrashed, "killed by SIGABRT", 2},
        ActCase{"exit", Outcome::kCrashed, "exited with code 3", 2},
        ActCase{"close_descriptors", Outcome::kCrashed, "exited with code", 2},
        ActCase{"throw", Outcome::kRejected, "no kernel image", 0},
        ActCase{"throw_number", Outcome::kRejected, "not a std::exception", 0},
        ActCase{"wrong", Outcome::kWrongResult, "", 0},
        ActCase{"nan", Outcome::kWrongResult, "", 0},
        ActCase{"unwritten", Outcome::kWrongResult, "", 0},
        ActCase{"modify_input", Outcome::kOutOfBounds, "input", 0},
        ActCase{"write_behind", Outcome::kOutOfBounds, "", 0},
        ActCase{"write_before", Outcome::kOutOfBounds, "", 0},
        ActCase{"garbage", Outcome::kProtocolError, "frame", 2},
        ActCase{"huge_length", Outcome::kProtocolError, "frame: length 4294967295", 2},
        ActCase{"flood", Outcome::kProtocolError, "flood", 2},
        ActCase{"overwrite_journal_and_crash", Outcome::kCrashed, "killed by SIGSEGV", 3},
        ActCase{"forge_journal", Outcome::kCrashed, "killed by SIGSEGV", 4}),
    [](const auto& test) { return std::string(test.param.act); });

// Steps get a second here: enough for a well-behaved one on a busy machine, short enough to wait
// for.
class HangTest : public ActTest {};

TEST_P(HangTest, EndsTheCandidateAndNothingElse) {
  const ActCase& expected = GetParam();
  WorkerLaneOptions options = Options();
  options.limits.hang.candidate_step = absl::Seconds(1);
  Start(std::move(options));
  const absl::StatusOr<ContestResult> result = Run(expected.act);
  ASSERT_THAT(result, IsOk());
  const Trial trial = Find(*result, expected.act);
  EXPECT_EQ(trial.outcome, expected.outcome) << trial.detail;
  EXPECT_THAT(trial.detail, AllOf(HasSubstr("no progress for 1"), HasSubstr(expected.detail)));
  ExpectTheOthersValid(*result, expected.act);
  EXPECT_EQ(result->evidence.worker_restarts, expected.restarts);
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
}

INSTANTIATE_TEST_SUITE_P(
    Acts, HangTest,
    ::testing::Values(ActCase{"hang", Outcome::kTimedOut, "while validating", 1},
                      ActCase{"hang_in_prepare", Outcome::kTimedOut, "while preparing", 1},
                      ActCase{"stop", Outcome::kTimedOut, "while validating", 1},
                      ActCase{"overwrite_journal_and_hang", Outcome::kTimedOut, "overwritten", 2}),
    [](const auto& test) { return std::string(test.param.act); });

TEST_F(MisbehavingTest, AllAtOnce) {
  Start(Options());
  const std::string acts = "crash,wrong,garbage,exit,throw,abort,write_behind,huge_length,print";
  const absl::StatusOr<ContestResult> result = Run(acts);
  ASSERT_THAT(result, IsOk());
  ExpectTheOthersValid(*result, acts);
  EXPECT_EQ(Find(*result, "crash").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "wrong").outcome, Outcome::kWrongResult);
  EXPECT_EQ(Find(*result, "garbage").outcome, Outcome::kProtocolError);
  EXPECT_EQ(Find(*result, "exit").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "throw").outcome, Outcome::kRejected);
  EXPECT_EQ(Find(*result, "abort").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "write_behind").outcome, Outcome::kOutOfBounds);
  EXPECT_EQ(Find(*result, "huge_length").outcome, Outcome::kProtocolError);
  EXPECT_TRUE(IsValid(Find(*result, "print").outcome));
  EXPECT_EQ(lane_->Info().worker_restarts, result->evidence.worker_restarts);
}

TEST_F(MisbehavingTest, ManyCrashesInOneContestDoNotQuarantineTheLane) {
  Start(Options());
  const std::string acts = "crash,crash_in_prepare,abort,exit,garbage,huge_length,flood";
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<ContestResult> result = Run(acts);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->evidence.worker_restarts, 14u);
    ExpectTheOthersValid(*result, acts);
  }
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
}

TEST_F(MisbehavingTest, AVictimOfItsNeighbourIsNotBlamed) {
  Start(Options());
  const absl::StatusOr<ContestResult> result = Run("spoil_once");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->evidence.worker_restarts, 1u);
  ExpectTheOthersValid(*result, "");
  EXPECT_THAT(log_, Contains(HasSubstr("is suspected: killed by SIGSEGV")));
}

TEST_F(MisbehavingTest, SamplesOfTheWorkerThatDiedAreKept) {
  Start(Options());
  const absl::StatusOr<ContestResult> result = Run("crash_later");
  ASSERT_THAT(result, IsOk());
  for (const Trial& trial : result->evidence.trials) {
    if (!IsValid(trial.outcome)) continue;
    EXPECT_EQ(trial.samples.front().epoch, 0u) << ToText(trial.candidate);
    EXPECT_EQ(trial.samples.back().epoch, 3u) << ToText(trial.candidate);
  }
}

TEST_F(MisbehavingTest, WritingOverTheJournalAloneHarmsNobody) {
  Start(Options());
  const absl::StatusOr<ContestResult> result = Run("overwrite_journal");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->evidence.worker_restarts, 0u);
  ExpectTheOthersValid(*result, "");
}

TEST_F(MisbehavingTest, NoValidCandidateIsAResultThatSaysWhy) {
  Start(Options());
  ContestSpec spec = EchoSpec({{"acts", std::string("wrong,crash")}, {"good", int64_t{0}}});
  spec.key.problem.attributes.Set("default", false);
  const absl::StatusOr<ContestResult> result = lane_->Run(spec, {}, [](const auto&) {});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->ranking, IsEmpty());
  EXPECT_THAT(
      result->failure,
      AllOf(HasSubstr("none of 3 candidates is valid: 1 rejected, 1 crashed, 1 wrong_result"),
            HasSubstr("; first: misbehaving default: ")));
  EXPECT_THAT(result->evidence.trials, SizeIs(3));
}

TEST_F(MisbehavingTest, ACandidateThatAllocatesWithoutEndRunsOutOfMemory) {
  WorkerLaneOptions options = Options();
#ifndef TACTIC_SANITIZED
  options.memory_limit_bytes = uint64_t{512} << 20;
  options.operand_limit_bytes = uint64_t{64} << 20;
  constexpr Outcome kExpected = Outcome::kOutOfMemory;
#else
  constexpr Outcome kExpected = Outcome::kRejected;  // A sanitizer's own maps are over any limit.
#endif
  Start(std::move(options));
  const absl::StatusOr<ContestResult> result = Run("allocate");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(Find(*result, "allocate").outcome, kExpected) << Find(*result, "allocate").detail;
  ExpectTheOthersValid(*result, "allocate");
}

TEST_F(MisbehavingTest, WhatACandidatePrintsIsBounded) {
  Start(Options());
  ASSERT_THAT(Run("print"), IsOk());
  EXPECT_THAT(log_, SizeIs(Lt(OutputLog::kLines + 8)));
  EXPECT_THAT(log_, Each(SizeIs(Lt(OutputLog::kLineBytes + 100))));
  EXPECT_THAT(log_, Contains(HasSubstr("more lines left out")));
}

TEST_F(MisbehavingTest, AProcessThatACandidateLeavesEndsWithTheWorker) {
  const std::string pipe = dir_ / "alive";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Fd alive(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Start(Options());
  const absl::StatusOr<ContestResult> result = Run("leave_child");
  ASSERT_THAT(result, IsOk());
  ExpectTheOthersValid(*result, "");
  lane_.reset();
  EXPECT_EQ(testing::ReadUntilEnd(alive.get()), "x");
}

TEST_F(MisbehavingTest, AWorkerThatCannotBeKilledWedgesTheDeviceUntilItEnds) {
  const std::string pipe = dir_ / "release";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  WorkerLaneOptions options = Options();
  options.limits.hang.candidate_step = absl::Seconds(1);
  options.reap = absl::Milliseconds(50);
  Start(std::move(options));
  EXPECT_THAT(Run("unreapable"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("wedged")));
  EXPECT_EQ(lane_->Info().state, LaneState::kQuarantined);
  EXPECT_THAT(lane_->Info().message, HasSubstr("device wedged: worker process"));
  EXPECT_THAT(Run(""), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("wedged")));

  const Fd release(open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
  absl::StatusOr<ContestResult> result = Run("");
  while (!result.ok()) result = Run("");  // Until the kernel has let go.
  ExpectTheOthersValid(*result, "");
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
}

TEST_F(MisbehavingTest, AReferenceThatCrashesIsTheProblemsFault) {
  Start(Options());
  for (const char* act : {"reference", "list"}) {
    EXPECT_THAT(Run(act), StatusIs(absl::StatusCode::kInvalidArgument,
                                   AllOf(HasSubstr("cannot be run"), HasSubstr("SIGSEGV"))));
    EXPECT_THAT(Run(""), IsOk());
  }
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
}

TEST_F(MisbehavingTest, ACancelEndsARealContest) {
  Start(Options());
  const ContestSpec long_one = EchoSpec({{"good", int64_t{4000}}});
  std::stop_source stop;
  const auto result =
      lane_->Run(long_one, stop.get_token(), [&](const ContestProgress&) { stop.request_stop(); });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Run(""), IsOk());
  EXPECT_EQ(lane_->Info().worker_restarts, 0u);
}

TEST_F(MisbehavingTest, ProblemsThatTheWorkerRefusesAreTheCallersFault) {
  Start(Options());
  ContestSpec spec = EchoSpec();
  spec.key.problem.inputs.clear();
  EXPECT_THAT(lane_->Run(spec, {}, [](const auto&) {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inputs")));
  EXPECT_THAT(Run(""), IsOk());
}

}  // namespace
}  // namespace tactic
