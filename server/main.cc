// tacticd: flags, signals, and the daemon's one life.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string_view>
#include <thread>
#include <utility>

#include "server/daemon.h"
#include "server/exit_codes.h"
#include "server/flags.h"
#include "server/log/log.h"

namespace {

constexpr timespec kTick = {1, 0};
constexpr std::chrono::seconds kLongestStop{30};

// Stop signals are taken by hand, on one thread at a time; blocked before there is another thread.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return stop;
}

// As many descriptors as the system grants; files and sockets are not for everybody.
void PrepareProcess() {
  umask(S_IWGRP | S_IRWXO);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void TellReady(int fd) {
  if (fd < 0) return;
  constexpr std::string_view kReady = "READY\n";
  // Whoever asked may be gone by now, which is no failure of ours.
  static_cast<void>(!write(fd, kReady.data(), kReady.size()));
  close(fd);
}

// While it lives: ends the process if stopping takes too long, or if the operator asks again.
class StopWatch {
 public:
  StopWatch(const sigset_t& stop, const tactic::Logger& logger)
      : stop_(stop), logger_(logger), thread_([this] { Watch(); }) {}
  ~StopWatch() {
    stopped_.store(true);
    pthread_kill(thread_.native_handle(), SIGTERM);  // Wakes it.
    thread_.join();
  }
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

 private:
  void Watch() const {
    const auto until = std::chrono::steady_clock::now() + kLongestStop;
    bool asked = false;
    while (!asked && std::chrono::steady_clock::now() < until) {
      asked = sigtimedwait(&stop_, nullptr, &kTick) > 0;  // Fails, too, when it is interrupted.
      if (stopped_.load()) return;
    }
    logger_.Warning("stop_forced", {{"reason", asked ? "a second signal" : "it took over 30 s"}});
    _exit(tactic::kExitInternal);
  }

  const sigset_t stop_;
  const tactic::Logger& logger_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  tactic::ParsedFlags parsed = tactic::ParseFlags(argc, argv);
  if (!parsed.flags) {
    (parsed.exit_code == tactic::kExitOk ? std::cout : std::cerr) << parsed.message;
    return parsed.exit_code;
  }
  const sigset_t stop = BlockStopSignals();
  PrepareProcess();
  const tactic::Logger logger({parsed.flags->log_level, parsed.flags->log_format, STDERR_FILENO});
  const int ready_fd = parsed.flags->ready_fd;
  tactic::Daemon daemon(*std::move(parsed.flags), logger);
  if (const std::optional<tactic::StartFailure> failure = daemon.Start()) {
    logger.Error("cannot_start", {{"reason", std::string(failure->status.message())},
                                  {"exit_code", failure->exit_code}});
    return failure->exit_code;
  }
  TellReady(ready_fd);
  int signal = 0;
  while ((signal = sigtimedwait(&stop, nullptr, &kTick)) < 0) daemon.Tick();
  logger.Info("stopping", {{"signal", signal}});
  const StopWatch watch(stop, logger);
  daemon.Stop();
  logger.Info("stopped");
  return tactic::kExitOk;
}
