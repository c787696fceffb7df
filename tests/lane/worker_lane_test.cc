// The lane with a worker that follows a script (scripted_worker.cc): what a real worker does only
// when it is broken.
#include "server/lane/worker_lane.h"

#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lane/descriptors.h"
#include "tests/lane/lane_samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::EchoSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using testing::TempDir;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// Stands still but when it is moved.
class ManualClock : public Clock {
 public:
  int64_t NowNanos() const override { return now_ns_; }
  int64_t UnixMillis() const override { return now_ns_ / 1'000'000; }
  void Advance(absl::Duration by) { now_ns_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> now_ns_{1'000'000'000};
};

class WorkerLaneTest : public ::testing::Test {
 protected:
  WorkerLaneOptions Options(const std::string& script) {
    WorkerLaneOptions options;
    options.worker = SCRIPTED_WORKER;
    options.device = script;
    options.budget.first_backoff = absl::Milliseconds(1);
    options.budget.last_backoff = absl::Milliseconds(1);
    options.clock = &clock_;
    options.log = [this](const std::string& line) { log_.push_back(line); };
    return options;
  }

  void Start(WorkerLaneOptions options) {
    absl::StatusOr<std::unique_ptr<WorkerLane>> lane = WorkerLane::Start(std::move(options));
    ASSERT_THAT(lane, IsOk());
    lane_ = *std::move(lane);
  }

  absl::StatusOr<ContestResult> Run(std::stop_token stop = {}) {
    return lane_->Run(EchoSpec(), std::move(stop), [this](const ContestProgress& progress) {
      if (on_progress_) on_progress_(progress);
    });
  }

  ManualClock clock_;
  TempDir dir_;
  std::vector<std::string> log_;
  std::function<void(const ContestProgress&)> on_progress_;
  std::unique_ptr<WorkerLane> lane_;
};

TEST_F(WorkerLaneTest, MeasuresOneContestAfterAnother) {
  Start(Options("good"));
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
  EXPECT_EQ(lane_->Info().device.arch, "scripted");
  ASSERT_NE(lane_->Info().FindOp("echo"), nullptr);
  for (int i = 0; i < 3; ++i) {
    const absl::StatusOr<ContestResult> result = Run();
    ASSERT_THAT(result, IsOk());
    ASSERT_EQ(result->ranking.size(), 1u);
    EXPECT_EQ(result->ranking[0].median_ns, 100);
    EXPECT_EQ(result->default_ns, 200);
    EXPECT_EQ(result->evidence.trials.size(), 2u);
    EXPECT_EQ(result->evidence.worker_restarts, 0u);
  }
  EXPECT_EQ(lane_->Info().contests, 3u);
  EXPECT_EQ(lane_->Info().worker_restarts, 0u);
}

TEST_F(WorkerLaneTest, TellsWhatTheWorkerSaysOfItsMeasuring) {
  Start(Options("disturbed"));
  ASSERT_TRUE(lane_->Info().self_check);
  EXPECT_EQ(lane_->Info().self_check->empty_graph_ns, 3000);
  EXPECT_THAT(lane_->Info().disturbances, IsEmpty());
  const absl::StatusOr<ContestResult> result = Run();
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->evidence.disturbances,
              ElementsAre(Disturbance{"the clock fell", 2}, Disturbance{"it was hot\\x1b"}));
  EXPECT_THAT(lane_->Info().disturbances, ElementsAre("it was hot\\x1b"));
  EXPECT_THAT(log_, Contains(HasSubstr("during the contest it was hot")));
}

TEST_F(WorkerLaneTest, AWorkerThatIsWornOutIsReplacedAndNobodyIsToBlame) {
  Start(Options("worn"));
  constexpr uint64_t kMany = 8;  // More than the deaths after which a lane is quarantined.
  for (uint64_t i = 0; i < kMany; ++i) {
    const absl::StatusOr<ContestResult> result = Run();
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->evidence.worker_restarts, 0u);
  }
  EXPECT_EQ(lane_->Info().worker_restarts, kMany - 1);
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
  EXPECT_THAT(log_, Contains(HasSubstr("the worker is replaced: it leaks")));
}

TEST_F(WorkerLaneTest, RefusesWhatTheLaneDoesNotHave) {
  Start(Options("good"));
  ContestSpec spec = EchoSpec();
  spec.key.problem.op = "conv";
  const auto ignore = [](const ContestProgress&) {};
  EXPECT_THAT(lane_->Run(spec, {}, ignore),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no op 'conv'")));
  spec = EchoSpec();
  spec.runners = {"other"};
  EXPECT_THAT(lane_->Run(spec, {}, ignore),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none of other")));
}

TEST_F(WorkerLaneTest, WorkersThatDoNotGetReady) {
  const auto start = [this](const std::string& script) {
    WorkerLaneOptions options = Options(script);
    options.ready = script == "silent" ? absl::Milliseconds(20) : absl::Seconds(30);
    return WorkerLane::Start(options).status();
  };
  EXPECT_THAT(start("exit"), StatusIs(kUnavailable, AllOf(HasSubstr("exited with code 3"),
                                                          HasSubstr("no such device\\x1b[31m"))));
  EXPECT_THAT(start("silent"), StatusIs(kUnavailable, HasSubstr("not ready within 20ms")));
  EXPECT_THAT(start("old"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("protocol 2")));
  EXPECT_THAT(start("text"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("wrong magic")));
  EXPECT_THAT(start("early"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("did not begin with Ready")));
  WorkerLaneOptions options = Options("good");
  options.worker = dir_ / "none";
  EXPECT_THAT(WorkerLane::Start(options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none' does not exist")));
}

TEST_F(WorkerLaneTest, CancelEndsTheContestAndKeepsTheWorker) {
  Start(Options("slow"));
  for (int i = 0; i < 2; ++i) {
    std::stop_source stop;
    on_progress_ = [&](const ContestProgress& progress) {
      EXPECT_EQ(progress.lane, "slow");
      EXPECT_EQ(progress.phase, "racing");
      EXPECT_EQ(progress.candidates, 2u);
      EXPECT_EQ(lane_->Info().state, LaneState::kBusy);
      stop.request_stop();
    };
    EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(lane_->Info().state, LaneState::kReady);
  }
  EXPECT_EQ(lane_->Info().worker_restarts, 0u);
}

TEST_F(WorkerLaneTest, AWorkerThatIgnoresACancelIsReplaced) {
  WorkerLaneOptions options = Options("deaf");
  options.limits.cancel = absl::Milliseconds(20);
  Start(std::move(options));
  for (uint64_t i = 0; i < 2; ++i) {
    std::stop_source stop;
    on_progress_ = [&](const ContestProgress&) { stop.request_stop(); };
    EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(lane_->Info().worker_restarts, i);
  }
}

TEST_F(WorkerLaneTest, AStopBeforeTheStartIsHonoured) {
  Start(Options("good"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(WorkerLaneTest, DeathsThatNobodyIsToBlameForEndInQuarantineAndAProbeEndsThat) {
  Start(Options("dies_until:" + std::string(dir_ / "healed")));
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("3 workers died in one contest")));
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
  EXPECT_THAT(Run(), StatusIs(kUnavailable, AllOf(HasSubstr("quarantined after 5 deaths"),
                                                  HasSubstr("exited with code 3"))));
  EXPECT_EQ(lane_->Info().state, LaneState::kQuarantined);
  const uint64_t restarts = lane_->Info().worker_restarts;
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("quarantined")));
  EXPECT_EQ(lane_->Info().worker_restarts, restarts);  // At once, without a start.

  clock_.Advance(absl::Minutes(5));
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("quarantined")));
  EXPECT_EQ(lane_->Info().worker_restarts, restarts + 1);  // One try.

  std::ofstream(dir_ / "healed") << "x";
  EXPECT_THAT(Run(), StatusIs(kUnavailable));
  clock_.Advance(absl::Minutes(5));
  EXPECT_THAT(Run(), IsOk());
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
  EXPECT_THAT(lane_->Info().message, IsEmpty());
}

TEST_F(WorkerLaneTest, AWorkerThatNoLongerStartsEndsInQuarantine) {
  const std::string marker = dir_ / "up";
  std::ofstream(marker.c_str()) << "x";
  Start(Options("dies_ready_until:" + marker));
  std::filesystem::remove(marker);
  EXPECT_THAT(Run(), StatusIs(kUnavailable, AllOf(HasSubstr("quarantined after 5 deaths"),
                                                  HasSubstr("before it was ready"))));
}

TEST_F(WorkerLaneTest, AStopEndsTheWaitForTheNextStart) {
  WorkerLaneOptions options = Options("dies");
  options.budget.first_backoff = options.budget.last_backoff = absl::Hours(1);
  std::stop_source stop;
  options.log = [&](const std::string& line) {
    if (line.find("to blame") != std::string::npos) stop.request_stop();
  };
  Start(std::move(options));
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(WorkerLaneTest, AWorkerThatEndedBetweenContestsIsSeenAndReplaced) {
  Start(Options("once"));
  for (uint64_t i = 0; i < 2; ++i) {
    ASSERT_THAT(Run(), IsOk());
    EXPECT_EQ(lane_->Info().worker_restarts, i);
    siginfo_t info = {};
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);  // Returns once it ended, reaped already or not.
    while (lane_->Info().state == LaneState::kReady) std::this_thread::yield();
    EXPECT_EQ(lane_->Info().state, LaneState::kStarting);
    EXPECT_THAT(lane_->Info().message, HasSubstr("exited with code 0"));
  }
}

TEST_F(WorkerLaneTest, AnotherEnvironmentDoesNotMeasureForThisOne) {
  Start(Options("drifts:" + std::string(dir_ / "upgraded")));
  EXPECT_THAT(Run(), StatusIs(kUnavailable,
                              HasSubstr("runners of echo is now 'scripted/2', was 'scripted/1'")));
  EXPECT_EQ(lane_->Info().state, LaneState::kQuarantined);
  EXPECT_EQ(lane_->Info().ops[0].runners[0].unique_id, "1");
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("environment")));
}

TEST_F(WorkerLaneTest, AMuteWorkerIsKilled) {
  WorkerLaneOptions options = Options("mute");
  options.limits.hang.idle = absl::Milliseconds(20);
  options.limits.hang.grace = absl::Milliseconds(1);
  Start(std::move(options));
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("no progress for")));
}

TEST_F(WorkerLaneTest, AChattyWorkerIsKilled) {
  Start(Options("chatty"));
  EXPECT_THAT(Run(), StatusIs(kUnavailable, HasSubstr("flood")));
}

TEST_F(WorkerLaneTest, LeavesNothingBehind) {
  const int before = testing::OpenDescriptors();
  for (int i = 0; i < 10; ++i) {
    Start(Options(i % 2 == 0 ? "good" : "dies"));
    EXPECT_EQ(Run().ok(), i % 2 == 0);
    lane_.reset();
  }
  EXPECT_EQ(testing::OpenDescriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace tactic
