#include "server/lane/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <future>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/wire/sanitized.h"
#include "server/core/status_macros.h"

namespace tactic {

// All that the child needs between fork and exec, where it may neither allocate nor lock.
struct ChildPlan {
  std::vector<char*> argv;
  int input = -1;
  int output = -1;
  int channel = -1;
  int journal = -1;
  int exec_error = -1;
  uint64_t memory_limit_bytes = 0;
  pid_t parent = 0;
};

namespace {

// Debian 12's <sys/pidfd.h> declares these for C only.
int PidfdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
void PidfdKill(int pidfd) { syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0); }

void ResetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void SetLimits(uint64_t memory_limit_bytes) {
  const rlimit no_core = {1, 1};  // 1 rather than 0: it also keeps a core handler from being run.
  setrlimit(RLIMIT_CORE, &no_core);
  if (memory_limit_bytes != 0 && !wire::kSanitized) {
    const rlimit memory = {memory_limit_bytes, memory_limit_bytes};
    setrlimit(RLIMIT_DATA, &memory);
  }
  const int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom >= 0) {
    [[maybe_unused]] const ssize_t written = write(oom, "1000", 4);
    close(oom);
  }
}

// Moves the plan's descriptors to 0..4 and closes all others but the one that reports exec's error.
void ArrangeDescriptors(const ChildPlan& plan) {
  constexpr int kBase = 16;  // Above every target, so that no move overwrites a source.
  const std::array<int, 5> sources = {plan.input, plan.output, plan.output, plan.channel,
                                      plan.journal};
  std::array<int, 5> high = {};
  for (size_t i = 0; i < sources.size(); ++i) high[i] = fcntl(sources[i], F_DUPFD, kBase);
  const int report = fcntl(plan.exec_error, F_DUPFD_CLOEXEC, kBase);
  for (size_t i = 0; i < high.size(); ++i) dup2(high[i], static_cast<int>(i));
  dup3(report, kChildJournalFd + 1, O_CLOEXEC);
  close_range(kChildJournalFd + 2, ~0U, 0);
}

// In the child. Async-signal-safe calls only.
[[noreturn]] void RunChild(const ChildPlan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // The daemon died before it could matter.
  ResetSignals();
  SetLimits(plan.memory_limit_bytes);
  ArrangeDescriptors(plan);
  execv(plan.argv[0], plan.argv.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(kChildJournalFd + 1, &error, sizeof error);
  _exit(127);
}

absl::Status ExecError(int error, const std::string& program) {
  const std::string what = absl::StrCat("worker program '", program, "'");
  if (error == ENOENT) return absl::NotFoundError(absl::StrCat(what, " does not exist"));
  if (error == EACCES) {
    return absl::PermissionDeniedError(absl::StrCat(what, " is not an executable file"));
  }
  return absl::FailedPreconditionError(absl::StrCat(what, " cannot be run: ", strerror(error)));
}

struct Started {
  pid_t pid = -1;
  int pidfd = -1;
  int error = 0;
};

Started Fork(const ChildPlan& plan) {
  Started started;
  started.pid = fork();
  if (started.pid == 0) RunChild(plan);
  if (started.pid < 0) {
    started.error = errno;
    return started;
  }
  started.pidfd = PidfdOpen(started.pid);
  if (started.pidfd < 0) {
    started.error = errno;
    kill(started.pid, SIGKILL);
  }
  return started;
}

// Waits for the end of `pid`, kills what it left in its process group while its number still
// cannot mean anybody else, and reaps it.
ExitStatus AwaitEnd(pid_t pid) {
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

// The child's ends, closed in the parent once it has them, and the parent's end of the last one.
struct ChildEnds {
  Fd input, output, channel, exec_error;
  Fd exec_error_read;
};

ChildPlan PlanFor(const Command& command, const ChildEnds& child, int journal) {
  ChildPlan plan;
  plan.argv.push_back(const_cast<char*>(command.program.c_str()));
  for (const std::string& argument : command.arguments) {
    plan.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  plan.argv.push_back(nullptr);
  plan.input = child.input.get();
  plan.output = child.output.get();
  plan.channel = child.channel.get();
  plan.journal = journal;
  plan.exec_error = child.exec_error.get();
  plan.memory_limit_bytes = command.memory_limit_bytes;
  plan.parent = getpid();
  return plan;
}

absl::Status MakePipe(Fd& read, Fd& write) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  read = Fd(ends[0]);
  write = Fd(ends[1]);
  return absl::OkStatus();
}

absl::Status MakeSocketPair(Fd& ours, Fd& theirs) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make the worker's channel");
  }
  ours = Fd(ends[0]);
  theirs = Fd(ends[1]);
  return absl::OkStatus();
}

// Waits until the child has become the program, or tells why it could not.
absl::Status AwaitExec(const Fd& exec_error, const std::string& program) {
  int error = 0;
  ssize_t got;
  do {
    got = read(exec_error.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? ExecError(error, program) : absl::OkStatus();
}

}  // namespace

struct Process::Life {
  Mutex mu;
  ConditionVariable changed;
  std::optional<ExitStatus> ended ABSL_GUARDED_BY(mu);

  void End(const ExitStatus& status) {
    {
      MutexLock lock(mu);
      ended = status;
    }
    changed.notify_all();
  }
};

std::string ToText(const ExitStatus& status) {
  if (status.signal == 0) return absl::StrCat("exited with code ", status.code);
  const char* name = sigabbrev_np(status.signal);
  if (name == nullptr) return absl::StrCat("killed by signal ", status.signal);
  return absl::StrCat("killed by SIG", name);
}

absl::StatusOr<std::unique_ptr<Process>> Process::Spawn(const Command& command) {
  ASSIGN_OR_RETURN(JournalPage journal, JournalPage::Create());
  std::unique_ptr<Process> process(new Process(std::move(journal)));
  ChildEnds child;
  RETURN_IF_ERROR(MakeSocketPair(process->channel_, child.channel));
  RETURN_IF_ERROR(MakePipe(process->output_, child.output));
  RETURN_IF_ERROR(MakePipe(child.exec_error_read, child.exec_error));
  child.input = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!child.input.ok()) return absl::ErrnoToStatus(errno, "cannot open /dev/null");
  fcntl(process->channel_.get(), F_SETFL, O_NONBLOCK);
  fcntl(process->output_.get(), F_SETFL, O_NONBLOCK);
  RETURN_IF_ERROR(process->StartChild(PlanFor(command, child, process->journal_.fd())));
  child.exec_error.Close();
  RETURN_IF_ERROR(AwaitExec(child.exec_error_read, command.program));
  return process;
}

// A child that dies with its parent dies with the *thread* that forked it, so each has a thread of
// its own, which waits for its end.
absl::Status Process::StartChild(const ChildPlan& plan) {
  life_ = std::make_shared<Life>();
  std::promise<Started> promise;
  std::future<Started> result = promise.get_future();
  const auto run = [&plan, life = life_](std::promise<Started> started) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    const Started mine = Fork(plan);
    started.set_value(mine);  // After this, `plan` is gone.
    life->End(mine.pid < 0 ? ExitStatus{} : AwaitEnd(mine.pid));
  };
  try {
    reaper_ = std::thread(run, std::move(promise));
  } catch (const std::system_error& e) {
    return absl::UnavailableError(absl::StrCat("cannot start a thread: ", e.what()));
  }
  const Started started = result.get();
  pid_ = started.pid;
  pidfd_ = Fd(started.pidfd);
  if (started.error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(started.error, "cannot start a process");
}

Process::~Process() {
  if (!reaper_.joinable()) return;
  Kill();
  if (Wait(kReapLimit)) {
    reaper_.join();
  } else {
    reaper_.detach();
  }
}

void Process::Kill() {
  if (pidfd_.ok()) PidfdKill(pidfd_.get());
}

std::optional<ExitStatus> Process::Wait(absl::Duration limit) {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit);
  MutexLock lock(life_->mu);
  while (!life_->ended && limit > absl::ZeroDuration()) {
    if (life_->changed.wait_until(life_->mu, until) == std::cv_status::timeout) break;
  }
  return life_->ended;
}

}  // namespace tactic
