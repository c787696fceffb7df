// A real tacticd, as a child of a benchmark.
#pragma once

#include <sys/types.h>

#include <string>

namespace tactic::bench {

// Ends the program with a message whenever the daemon does something else than it should.
class DaemonProcess {
 public:
  // With the host lane, its store and its socket in `directory`. Returns when it serves.
  DaemonProcess(const std::string& program, const std::string& directory);
  ~DaemonProcess();  // Stops it, unless it has been.
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  static std::string Address(const std::string& directory);
  // Sends SIGTERM or SIGKILL, and waits for its end.
  void Stop(int signal);

 private:
  pid_t pid_ = -1;
};

}  // namespace tactic::bench
