// WatchJob.
#include "tests/rpc/rpc_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;

class JobWatcher {
 public:
  JobWatcher(v1::Tuning::Stub& stub, const std::string& id) {
    v1::WatchJobRequest request;
    request.set_id(id);
    reader_ = stub.WatchJob(&context_, request);
  }
  // False: the stream has ended.
  bool Next(v1::Job* job) {
    v1::WatchJobResponse frame;
    if (!reader_->Read(&frame)) return false;
    *job = frame.job();
    return true;
  }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobResponse>> reader_;
};

class WatchJobTest : public RpcTest {};

TEST_F(WatchJobTest, TellsTheStateTheProgressAndTheEnd) {
  Start();
  const std::string id = Tune(Ask({16, 32})).id();
  lane_.AwaitRun();
  JobWatcher watcher(*stub_, id);
  v1::Job job;
  ASSERT_TRUE(watcher.Next(&job));
  EXPECT_EQ(job.state(), v1::JOB_STATE_RUNNING);
  ContestProgress progress;
  progress.lane = "host";
  progress.phase = "racing";
  progress.candidates = 9;
  progress.screened = 9;
  progress.remaining = 4;
  progress.failed = 1;
  progress.best = SampleCandidate(1);
  progress.best_ns = 100;
  progress.default_ns = 150;
  progress.elapsed_seconds = 1;
  progress.seconds_left = 2;
  progress.worker_restarts = 1;
  lane_.Report(progress);
  while (job.running_size() == 0 || job.running(0).phase() != "racing") {
    ASSERT_TRUE(watcher.Next(&job));
  }
  const v1::Progress& running = job.running(0);
  EXPECT_EQ(running.contest(), 0u);
  EXPECT_EQ(running.lane(), "host");
  EXPECT_EQ(running.candidates(), 9u);
  EXPECT_EQ(running.screened(), 9u);
  EXPECT_EQ(running.remaining(), 4u);
  EXPECT_EQ(running.failed(), 1u);
  EXPECT_EQ(running.best().runner().name(), "host_blocked");
  EXPECT_EQ(running.best_ns(), 100);
  EXPECT_EQ(running.default_ns(), 150);
  EXPECT_EQ(running.elapsed_seconds(), 1);
  EXPECT_EQ(running.contest_seconds_left(), 2);
  EXPECT_EQ(running.worker_restarts(), 1u);
  EXPECT_EQ(job.seconds_left(), 2 + 3);
  lane_.AnswerAll();
  v1::Job last;
  while (watcher.Next(&job)) last = job;
  EXPECT_EQ(last.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(last.running_size(), 0);
  EXPECT_THAT(watcher.Finish(), RpcOk());
}

TEST_F(WatchJobTest, AnEndedJobIsOneFrame) {
  Start();
  lane_.AnswerAll();
  const std::string id = Tune(Ask({16})).id();
  AwaitEnd(id);
  JobWatcher watcher(*stub_, id);
  v1::Job job;
  ASSERT_TRUE(watcher.Next(&job));
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  EXPECT_FALSE(watcher.Next(&job));
  EXPECT_THAT(watcher.Finish(), RpcOk());
}

TEST_F(WatchJobTest, ChangesThatComeTooFastAreOneFrame) {
  options_.job_interval = std::chrono::hours(1);
  Start();
  const std::string id = Tune(Ask({16})).id();
  lane_.AwaitRun();
  JobWatcher watcher(*stub_, id);
  v1::Job job;
  ASSERT_TRUE(watcher.Next(&job));
  for (int i = 0; i < 100; ++i) lane_.Report({});
  lane_.Answer(GoodResult());
  // No frame but the last one: an end is never held back.
  ASSERT_TRUE(watcher.Next(&job));
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  EXPECT_FALSE(watcher.Next(&job));
}

TEST_F(WatchJobTest, AnUnknownJobIsNotFound) {
  Start();
  EXPECT_THAT(JobWatcher(*stub_, "j-9").Finish(),
              RpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("j-9")));
  EXPECT_THAT(JobWatcher(*stub_, "").Finish(),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("id")));
}

TEST_F(WatchJobTest, EndsWhenTheDaemonStops) {
  Start();
  const std::string id = Tune(Ask({16})).id();
  lane_.AwaitRun();
  JobWatcher watcher(*stub_, id);
  v1::Job job;
  ASSERT_TRUE(watcher.Next(&job));
  server_->Drain();
  while (watcher.Next(&job)) {
  }
  EXPECT_THAT(watcher.Finish(),
              RpcStatusIs(grpc::StatusCode::UNAVAILABLE, HasSubstr("goes on when it is back")));
}

}  // namespace
}  // namespace tactic::testing
