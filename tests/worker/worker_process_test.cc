// Real worker processes: what becomes of them when kernels misbehave, and what their supervisor can
// tell afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/convert/convert.h"
#include "proto/wire/sanitized.h"
#include "tests/worker/menu_runner.h"
#include "tests/worker/worker_harness.h"

namespace tactic {
namespace {

using ::testing::HasSubstr;

v1::ToWorker RunOf(const std::string& runner) {
  v1::ToWorker message;
  message.mutable_run()->set_run(1);
  convert::ToProto(timing::AddProblem(), message.mutable_run()->mutable_problem());
  message.mutable_run()->add_runners(runner);
  // Little memory, so that filling the pool of cold data takes no time.
  message.mutable_run()->set_memory_limit_bytes(1 << 20);
  return message;
}

void Fail(const std::string& runner, const std::string& dish, v1::Run& run) {
  v1::Trial& trial = *run.add_earlier();
  convert::ToProto(Candidate{{runner, "1"}, Dish(dish)}, trial.mutable_candidate());
  trial.set_outcome(v1::OUTCOME_CRASHED);
}

class WorkerProcessTest : public ::testing::Test {
 protected:
  WorkerProcessTest() : worker_(TACTIC_WORKER_UNDER_TEST) {
    const auto ready = worker_.Next();
    EXPECT_TRUE(ready && ready->has_ready());
  }
  ProcessWorker worker_;
};

TEST_F(WorkerProcessTest, ACrashIsLeftInTheJournal) {
  worker_.Send(RunOf("menu"));
  const auto messages = worker_.UntilFinished();  // Until the channel breaks.
  ASSERT_FALSE(messages.empty());
  EXPECT_FALSE(messages.back().has_finished());
  EXPECT_TRUE(WIFSIGNALED(worker_.Wait()) || WEXITSTATUS(worker_.Wait()) != 0);
  EXPECT_EQ(worker_.journal().candidate.load(), 1u);
  EXPECT_EQ(worker_.journal().phase.load(), static_cast<uint32_t>(wire::LaunchPhase::kValidate));
}

TEST_F(WorkerProcessTest, AHangHasADeadlineInTheJournal) {
  worker_.Send(RunOf("grim"));
  worker_.AwaitLaunch();
  EXPECT_EQ(worker_.journal().candidate.load(), 1u);
  EXPECT_EQ(worker_.journal().phase.load(), static_cast<uint32_t>(wire::LaunchPhase::kValidate));
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double left = 1e-9 * static_cast<double>(worker_.journal().deadline_ns.load()) -
                      static_cast<double>(now.tv_sec);
  EXPECT_LT(left, 60);  // 5 s, and 20 times a default of microseconds.
}

TEST_F(WorkerProcessTest, AKernelThatExitsIsLeftInTheJournalToo) {
  v1::ToWorker message = RunOf("grim");
  Fail("grim", "hang", *message.mutable_run());
  worker_.Send(message);
  worker_.UntilFinished();
  EXPECT_EQ(worker_.Wait(), 0);  // As if all was well, but for the journal.
  EXPECT_EQ(worker_.journal().candidate.load(), 2u);
  EXPECT_EQ(worker_.journal().phase.load(), static_cast<uint32_t>(wire::LaunchPhase::kValidate));
}

#ifndef TACTIC_SANITIZED  // Whose memory has no ceiling.
TEST_F(WorkerProcessTest, AnAllocationBombIsOutOfMemoryAndTheWorkerGoesOn) {
  v1::ToWorker message = RunOf("grim");
  Fail("grim", "hang", *message.mutable_run());
  Fail("grim", "exit", *message.mutable_run());
  worker_.Send(message);
  const auto messages = worker_.UntilFinished();
  ASSERT_TRUE(messages.back().has_finished());
  EXPECT_EQ(messages.back().finished().outcomes(3), v1::OUTCOME_OUT_OF_MEMORY);
  EXPECT_EQ(messages.back().finished().reason(), v1::REASON_ONLY);
}
#endif

TEST_F(WorkerProcessTest, WhatKernelsPrintStaysOutOfTheChannel) {
  v1::ToWorker message = RunOf("menu");
  Fail("menu", "crash", *message.mutable_run());
  worker_.Send(message);
  const auto messages = worker_.UntilFinished();
  ASSERT_TRUE(messages.back().has_finished());
  EXPECT_EQ(messages.back().finished().error(), "");
  worker_.Close();
  EXPECT_EQ(worker_.Wait(), 0);
  EXPECT_THAT(worker_.Output(), HasSubstr("a kernel that prints"));
}

// A process in between starts the worker, tells its id, and dies.
TEST(WorkerProcess, DiesWithItsParent) {
  int done[2];
  int ready[2];
  ASSERT_EQ(pipe(done), 0);
  ASSERT_EQ(pipe(ready), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    close(done[0]);
    auto* const worker =
        new ProcessWorker(TACTIC_WORKER_UNDER_TEST);  // Inherits the write end of `done`.
    const char sign = worker->Next() ? 'r' : 'x';
    if (write(ready[1], &sign, 1) != 1) _exit(1);
    raise(SIGKILL);
  }
  close(done[1]);
  char sign = 0;
  ASSERT_EQ(read(ready[0], &sign, 1), 1);
  EXPECT_EQ(sign, 'r');
  // Ends when the last holder of the write end has: the parent, then the worker.
  EXPECT_EQ(read(done[0], &sign, 1), 0);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  for (int fd : {done[0], ready[0], ready[1]}) close(fd);
}

TEST(WorkerProgram, TellsHowItIsUsed) {
  const auto [help_code, help] = RunProgram(TACTIC_WORKER, {"--help"});
  EXPECT_EQ(help_code, 0);
  EXPECT_THAT(help, HasSubstr("usage: tacticd-worker"));
  const auto [version_code, version] = RunProgram(TACTIC_WORKER, {"--version"});
  EXPECT_EQ(version_code, 0);
  EXPECT_THAT(version, HasSubstr("tacticd-worker 0."));
}

TEST(WorkerProgram, ExitCodesTellWhatIsWrong) {
  const auto [no_fd_code, no_fd] = RunProgram(TACTIC_WORKER, {});
  EXPECT_EQ(no_fd_code, 64);
  EXPECT_THAT(no_fd, HasSubstr("--channel-fd is missing"));
  const auto [closed_code, closed] =
      RunProgram(TACTIC_WORKER, {"--channel-fd=77", "--journal-fd=78"});
  EXPECT_EQ(closed_code, 64);
  EXPECT_THAT(closed, HasSubstr("not an open descriptor"));
  const auto [device_code, device] =
      RunProgram(TACTIC_WORKER, {"--channel-fd=3", "--journal-fd=4", "--device=0"});
  EXPECT_EQ(device_code, 78);
  EXPECT_THAT(device, HasSubstr("--device is '0'; this build can measure on: host"));
}

TEST(WorkerProgram, TunesARealKernel) {
  ProcessWorker worker(TACTIC_WORKER);
  const auto ready = worker.Next();
  ASSERT_TRUE(ready && ready->has_ready());
  ASSERT_GE(ready->ready().ops_size(), 1);
  v1::ToWorker message;
  v1::Run& run = *message.mutable_run();
  run.set_run(1);
  run.set_memory_limit_bytes(16 << 20);
  const Tensor rows{.dtype = DType::kF32, .dims = {Dim::Static(16), Dim::Static(256)}};
  convert::ToProto(Problem{.op = "softmax", .inputs = {rows}}, run.mutable_problem());
  worker.Send(message);
  const auto messages = worker.UntilFinished();
  ASSERT_TRUE(messages.back().has_finished());
  EXPECT_EQ(messages.back().finished().error(), "");
  EXPECT_GT(messages.back().finished().order_size(), 0);
}

}  // namespace
}  // namespace tactic
