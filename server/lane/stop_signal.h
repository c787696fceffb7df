// A stop_token as a descriptor, for poll(2).
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stop_token>

#include "server/os/fd.h"

namespace tactic {

// The descriptor is readable once a stop was requested, and stays so. When the system has no
// descriptor left, fd() is -1, which poll ignores: the stop is then seen at the end of each wait.
class StopSignal {
 public:
  explicit StopSignal(std::stop_token stop)
      : stop_(std::move(stop)),
        event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        callback_(stop_, [this] {
          const uint64_t one = 1;
          [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof one);
        }) {}

  bool requested() const { return stop_.stop_requested(); }
  int fd() const { return event_.get(); }

 private:
  std::stop_token stop_;
  Fd event_;
  std::stop_callback<std::function<void()>> callback_;  // Last: it uses the others.
};

}  // namespace tactic
