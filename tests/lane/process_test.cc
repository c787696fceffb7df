#include "server/lane/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lane/descriptors.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Optional;
using testing::ReadUntilEnd;
using testing::StatusIs;
using testing::TempDir;

Command Shell(std::string script) { return {"/bin/sh", {"-c", std::move(script)}, 0}; }

std::unique_ptr<Process> Launch(std::string script) {
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Spawn(Shell(std::move(script)));
  EXPECT_THAT(process, IsOk());
  return process.ok() ? *std::move(process) : nullptr;
}

TEST(ProcessTest, TellsHowItEnded) {
  EXPECT_THAT(Launch("exit 3")->Wait(absl::Seconds(10)), Optional(ExitStatus{3, 0}));
  EXPECT_THAT(Launch("kill -SEGV $$")->Wait(absl::Seconds(10)), Optional(ExitStatus{0, SIGSEGV}));
  EXPECT_EQ(ToText(ExitStatus{3, 0}), "exited with code 3");
  EXPECT_EQ(ToText(ExitStatus{0, SIGSEGV}), "killed by SIGSEGV");
  EXPECT_EQ(ToText(ExitStatus{0, 60}), "killed by signal 60");
}

TEST(ProcessTest, IsKilledEvenWhenStopped) {
  const auto process = Launch("kill -STOP $$");
  EXPECT_EQ(process->Wait(absl::ZeroDuration()), std::nullopt);
  process->Kill();
  EXPECT_THAT(process->Wait(absl::Seconds(10)), Optional(ExitStatus{0, SIGKILL}));
  process->Kill();  // Nothing to do.
}

TEST(ProcessTest, ProgramsThatCannotBeStarted) {
  const TempDir dir;
  EXPECT_THAT(Process::Spawn({dir / "none", {}, 0}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none' does not exist")));
  std::ofstream(dir / "text") << "not a program";
  EXPECT_THAT(Process::Spawn({dir / "text", {}, 0}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not an executable file")));
  chmod((dir / "text").c_str(), 0700);
  EXPECT_THAT(Process::Spawn({dir / "text", {}, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot be run")));
}

TEST(ProcessTest, InheritsNothingButItsFiveDescriptors) {
  const int stray = fcntl(STDERR_FILENO, F_DUPFD, 7);
  ASSERT_GE(stray, 7);
  const auto process = Launch(
      "for i in 0 1 2 3 4; do test -e /proc/self/fd/$i || echo $i is closed; done;"
      "for i in 5 6 7 8 9 10 11 12 16 17 18 19 20 21 22; do"
      "  test -e /proc/self/fd/$i && echo $i is open; done; echo end");
  EXPECT_EQ(ReadUntilEnd(process->output()), "end\n");
  close(stray);
}

TEST(ProcessTest, OutputAndErrorsComeOutOfOnePipe) {
  EXPECT_EQ(ReadUntilEnd(Launch("read x; echo out$x; echo err >&2")->output()), "out\nerr\n");
}

TEST(ProcessTest, StartsWithDefaultSignals) {
  const auto before = signal(SIGTERM, SIG_IGN);
  const auto process = Launch("kill -TERM $$; exit 0");
  signal(SIGTERM, before);
  EXPECT_THAT(process->Wait(absl::Seconds(10)), Optional(ExitStatus{0, SIGTERM}));
}

TEST(ProcessTest, WhatItLeavesBehindIsKilled) {
  const auto process = Launch("tail -f /dev/null & exit 0");
  EXPECT_THAT(process->Wait(absl::Seconds(10)), Optional(ExitStatus{0, 0}));
  EXPECT_EQ(ReadUntilEnd(process->output()), "");  // Ends when nobody holds the pipe.
}

TEST(ProcessTest, DiesWithTheDaemon) {
  const TempDir dir;
  const std::string pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Fd alive(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const pid_t daemon = fork();
  if (daemon == 0) {
    const auto worker =
        Process::Spawn(Shell("exec >" + pipe + "; echo up; exec tail -f /dev/null"));
    while (true) pause();
  }
  testing::AwaitReadable(alive.get());
  kill(daemon, SIGKILL);
  EXPECT_EQ(waitpid(daemon, nullptr, 0), daemon);
  EXPECT_EQ(ReadUntilEnd(alive.get()), "up\n");
}

TEST(ProcessTest, LeavesNoZombiesAndNoDescriptors) {
  const int before = testing::OpenDescriptors();
  for (int i = 0; i < 20; ++i) Launch(i % 2 == 0 ? "exit 1" : "tail -f /dev/null");
  EXPECT_FALSE(Process::Spawn({"/nonexistent", {}, 0}).ok());
  EXPECT_EQ(testing::OpenDescriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(JournalPageTest, ItsReaderCannotLoseIt) {
  absl::StatusOr<JournalPage> page = JournalPage::Create();
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->Read().phase, static_cast<uint32_t>(wire::LaunchPhase::kIdle));
  EXPECT_EQ(page->Read().candidate, wire::kNoCandidate);
  EXPECT_NE(ftruncate(page->fd(), 0), 0);
  const uint64_t sequence = 7;
  ASSERT_EQ(pwrite(page->fd(), &sequence, sizeof sequence, 0), ssize_t{sizeof sequence});
  EXPECT_EQ(page->Read().sequence, 7u);
}

}  // namespace
}  // namespace tactic
