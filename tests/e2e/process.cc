#include "tests/e2e/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

namespace tactic::e2e {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr int kReadyFd = 9;

// Between fork and exec: only what is safe there.
[[noreturn]] void Exec(const std::vector<char*>& arguments, const std::vector<char*>& environment,
                       int in, int out, int err, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (ready == kReadyFd) {
    fcntl(ready, F_SETFD, 0);  // dup2 onto itself would leave it to be closed.
  } else if (ready >= 0) {
    dup2(ready, kReadyFd);
  }
  execve(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What is there now, at most a block; empty at the end.
std::string ReadSome(int fd) {
  char buffer[4096];
  ssize_t count = 0;
  do {
    count = read(fd, buffer, sizeof(buffer));
  } while (count < 0 && errno == EINTR);
  return std::string(buffer, static_cast<size_t>(std::max<ssize_t>(count, 0)));
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.Release();
  }
  return *this;
}

int Fd::Release() { return std::exchange(fd_, -1); }

void Fd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Pipe Pipe::Make() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) ADD_FAILURE() << "pipe2 failed";
  return {Fd(fds[0]), Fd(fds[1])};
}

Process::Process(const std::vector<std::string>& arguments, ProcessOptions options) {
  Pipe in = Pipe::Make();
  Pipe out = Pipe::Make();
  Pipe err = Pipe::Make();
  if (!options.log_file.empty()) {
    out.write = Fd(open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    err.write = Fd(fcntl(out.write.get(), F_DUPFD_CLOEXEC, 0));
  }
  std::vector<std::string> argument_strings = arguments;
  std::vector<std::string> environment_strings = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment_strings.emplace_back(*variable);
  }
  const std::vector<char*> argv = Pointers(argument_strings);
  const std::vector<char*> envp = Pointers(environment_strings);
  const int ready = options.ready ? options.ready->get() : -1;
  pid_ = fork();
  if (pid_ == 0) Exec(argv, envp, in.read.get(), out.write.get(), err.write.get(), ready);
  input_ = std::move(in.write);
  output_ = std::move(out.read);
  errors_ = std::move(err.read);
}

Process::~Process() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::Signal(int signal) const {
  ASSERT_GT(pid_, 0);
  kill(pid_, signal);
}

void Process::WriteLine(const std::string& line) const {
  const std::string text = line + "\n";
  ASSERT_EQ(write(input_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::optional<std::string> Process::ReadLine() {
  while (true) {
    const size_t end = buffered_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    if (!WaitReadable(output_.get())) {
      ADD_FAILURE() << "process " << pid_ << " said nothing for a minute";
      return std::nullopt;
    }
    const std::string more = ReadSome(output_.get());
    if (more.empty()) return std::nullopt;
    buffered_ += more;
  }
}

Exit Process::Wait() {
  const Fd pid_fd = WatchPid(pid_);
  if (!WaitReadable(pid_fd.get())) {
    ADD_FAILURE() << "process " << pid_ << " did not end within a minute";
    kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
  return {-1, WTERMSIG(status)};
}

Finished Process::RunToEnd() {
  Finished finished;
  finished.out = std::exchange(buffered_, "");
  pollfd fds[] = {{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}};
  std::string* const texts[] = {&finished.out, &finished.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (poll(fds, 2, kPatienceMs) <= 0) {
      ADD_FAILURE() << "process " << pid_ << " said nothing for a minute";
      kill(pid_, SIGKILL);
      break;
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      const std::string more = ReadSome(fds[i].fd);
      if (more.empty()) fds[i].fd = -1;  // poll ignores it from now on.
      *texts[i] += more;
    }
  }
  finished.exit = Wait();
  return finished;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  const std::filesystem::path tasks = "/proc/" + std::to_string(parent) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream in(task.path() / "children");
    for (pid_t child = 0; in >> child;) children.push_back(child);
  }
  return children;
}

Fd WatchPid(pid_t pid) { return Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

bool WaitReadable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&poll_fd, 1, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

Finished Execute(const std::vector<std::string>& arguments, ProcessOptions options) {
  Process process(arguments, std::move(options));
  process.CloseInput();
  return process.RunToEnd();
}

}  // namespace tactic::e2e
