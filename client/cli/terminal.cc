#include "client/cli/terminal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "client/cli/exit_codes.h"

namespace tactic::cli {

bool IsTerminal(int fd) { return isatty(fd) == 1; }

size_t TerminalWidth(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

size_t OutputWidth() { return IsTerminal(STDOUT_FILENO) ? TerminalWidth(STDOUT_FILENO) : 0; }

Interrupts::Interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  listener_ = std::thread([this] { Listen(); });
}

Interrupts::~Interrupts() {
  const uint64_t one = 1;
  if (write(stop_fd_, &one, sizeof(one)) != sizeof(one)) _exit(kExitError);
  listener_.join();
  close(signal_fd_);
  close(stop_fd_);
}

void Interrupts::Listen() {
  pollfd fds[] = {{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  while (true) {
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) return;
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof(info)) != sizeof(info)) continue;
    const std::lock_guard lock(mu_);
    if (seen_.exchange(true) || !action_) _exit(kExitInterrupted);
    action_();
  }
}

Interrupts::Scope::Scope(Interrupts& interrupts, std::function<void()> action)
    : interrupts_(interrupts) {
  const std::lock_guard lock(interrupts_.mu_);
  interrupts_.action_ = std::move(action);
  if (interrupts_.seen_) interrupts_.action_();
}

Interrupts::Scope::~Scope() {
  const std::lock_guard lock(interrupts_.mu_);
  interrupts_.action_ = nullptr;
}

}  // namespace tactic::cli
