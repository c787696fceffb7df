#include "bench/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "bench/filled_store.h"

namespace tactic::bench {
namespace {

constexpr int kReadyFd = 9;

// What can be read from a pipe at the child's descriptor kReadyFd comes out of `ready`.
pid_t Spawn(const std::vector<std::string>& arguments, int* ready) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) Fail("no pipe");
  const pid_t pid = fork();
  if (pid < 0) Fail("cannot fork");
  if (pid == 0) {
    dup2(ends[1], kReadyFd);
    fcntl(kReadyFd, F_SETFD, 0);  // It may have been that one already.
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  *ready = ends[0];
  return pid;
}

}  // namespace

std::string DaemonProcess::Address(const std::string& directory) {
  return "unix:" + directory + "/bench.sock";
}

DaemonProcess::DaemonProcess(const std::string& program, const std::string& directory) {
  int ready = -1;
  pid_ = Spawn({program, "--listen=" + Address(directory), "--state-dir=" + directory + "/state",
                "--ready-fd=" + std::to_string(kReadyFd), "--device=host", "--log-level=error"},
               &ready);
  char byte = 0;
  if (read(ready, &byte, 1) != 1) Fail(program + " ended before it was ready");
  close(ready);
}

DaemonProcess::~DaemonProcess() {
  if (pid_ > 0) Stop(SIGTERM);
}

void DaemonProcess::Stop(int signal) {
  kill(pid_, signal);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  const bool well = signal == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
  if (!well) Fail("the daemon did not stop well");
}

}  // namespace tactic::bench
