// A child process of this daemon, and what the two share: a channel, a journal page, a pipe for
// what the child prints.
#pragma once

#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/core/mutex.h"
#include "server/lane/journal.h"
#include "server/os/fd.h"

namespace tactic {

// How a process ended, as wait(2) tells it.
struct ExitStatus {
  int code = 0;    // Of exit(); meaningful when `signal` is 0.
  int signal = 0;  // That ended it.
  bool operator==(const ExitStatus&) const = default;
};
std::string ToText(const ExitStatus& status);  // "killed by SIGSEGV", "exited with code 3".

struct Command {
  std::string program;                 // A path; not searched for.
  std::vector<std::string> arguments;  // Without the program's name.
  uint64_t memory_limit_bytes = 0;     // Private writable memory (RLIMIT_DATA); 0 = no limit.
};

// The child's ends of what it shares with the parent. It has no other descriptors beyond 0, 1, 2.
inline constexpr int kChildChannelFd = 3;
inline constexpr int kChildJournalFd = 4;

struct ChildPlan;  // Of process.cc.

// One child. It leads a process group of its own, dies with the daemon, and is the first that the
// kernel sacrifices when memory runs out. Its standard input is empty; its output and errors come
// out of output(). When it ends, by itself or killed, whatever it left in its group is killed too,
// and it is reaped at once: there are never zombies. Kill and Wait are thread-safe.
class Process {
 public:
  // NotFound, PermissionDenied, FailedPrecondition: the program cannot be started, and why.
  // Unavailable: this process is short of descriptors, memory or processes.
  static absl::StatusOr<std::unique_ptr<Process>> Spawn(const Command& command);
  // Kills it. Waits until it is reaped, but at most for kReapLimit: a process that is stuck in a
  // driver is left to the kernel.
  ~Process();

  int channel() const { return channel_.get(); }  // Stream socket; non-blocking.
  int output() const { return output_.get(); }    // Pipe; non-blocking.
  int pidfd() const { return pidfd_.get(); }      // Readable once it ended.
  pid_t pid() const { return pid_; }
  const JournalPage& journal() const { return journal_; }

  void Kill();  // SIGKILL; nothing to do if it ended already.
  // How it ended; nullopt: it did not within `limit`. A limit of zero or less only looks.
  std::optional<ExitStatus> Wait(absl::Duration limit);

  static constexpr absl::Duration kReapLimit = absl::Seconds(10);

 private:
  // What the thread that starts and reaps the child tells the others. Shared with it, since that
  // thread is left behind with a child that cannot be killed.
  struct Life;

  // Forks, and leaves a thread with the child.
  absl::Status StartChild(const ChildPlan& plan);

  explicit Process(JournalPage journal) : journal_(std::move(journal)) {}

  JournalPage journal_;
  Fd channel_;
  Fd output_;
  Fd pidfd_;
  pid_t pid_ = 0;
  std::shared_ptr<Life> life_;
  std::thread reaper_;
};

}  // namespace tactic
