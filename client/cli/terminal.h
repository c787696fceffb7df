// What is known of the terminal, if there is one, and of the user's Ctrl-C.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

namespace tactic::cli {

bool IsTerminal(int fd);
// Columns of the terminal at `fd`; 80 if it does not say.
size_t TerminalWidth(int fd);
// How wide tables on standard output may be; 0 = not a terminal, as wide as they want.
size_t OutputWidth();

// Turns SIGINT and SIGTERM into a call. Made before any other thread: it blocks both signals in the
// thread that makes it, and so in all that follow. While nothing is registered, and on the second
// signal, the process exits at once with kExitInterrupted. Thread-safe.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool Seen() const { return seen_; }

  // Calls `action` on the first signal, from another thread, as long as this lives; at once if the
  // signal came before. One at a time.
  class Scope {
   public:
    Scope(Interrupts& interrupts, std::function<void()> action);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupts& interrupts_;
  };

 private:
  void Listen();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::atomic<bool> seen_ = false;
  std::mutex mu_;
  std::function<void()> action_;  // Guarded by mu_.
  std::thread listener_;
};

}  // namespace tactic::cli
