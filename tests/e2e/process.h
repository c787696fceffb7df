// Child processes for the end-to-end tests: started, spoken to, waited for; never left behind.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tactic::e2e {

// How a process ended.
struct Exit {
  int code = -1;   // Exit code; -1 if a signal ended it.
  int signal = 0;  // The signal that ended it; 0 if none.
};

// What a process that has ended left.
struct Finished {
  Exit exit;
  std::string out;
  std::string err;
};

// A file descriptor that is closed.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept;
  int get() const { return fd_; }
  int Release();
  void Close();

 private:
  int fd_ = -1;
};

// Both ends close-on-exec.
struct Pipe {
  Fd read;
  Fd write;
  static Pipe Make();
};

struct ProcessOptions {
  std::vector<std::string> environment;  // "NAME=value", on top of this process's own.
  std::optional<Fd> ready;               // Becomes descriptor 9 of the child.
  // Standard output and error go to the end of this file, not into pipes. Empty: pipes.
  std::string log_file;
};

// A child process with pipes at its standard streams. It dies with this object, and with the test.
// Reading and waiting fail the test, and kill the child, when nothing comes for a minute.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, ProcessOptions options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Writes a line to its standard input.
  void WriteLine(const std::string& line) const;
  void CloseInput() { input_.Close(); }
  // The next line of its standard output, without the line end; nullopt at the end.
  std::optional<std::string> ReadLine();
  Exit Wait();  // Once.
  // Reads both outputs to their ends, then waits.
  Finished RunToEnd();

 private:
  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
  Fd errors_;
  std::string buffered_;  // Read from output_, not yet returned.
};

// A command run to its end.
Finished Execute(const std::vector<std::string>& arguments, ProcessOptions options = {});

// The child processes of `parent`.
std::vector<pid_t> ChildrenOf(pid_t parent);
// Becomes readable when the process ends.
Fd WatchPid(pid_t pid);
// Waits for `fd` to be readable. False: not within a minute.
bool WaitReadable(int fd);

}  // namespace tactic::e2e
