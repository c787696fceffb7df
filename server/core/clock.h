// Time as the core sees it: an edge, so that tests drive it by hand.
#pragma once

#include <cstdint>

namespace tactic {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic, counts suspend (CLOCK_BOOTTIME). For every duration and deadline.
  virtual int64_t NowNanos() const = 0;
  // Wall time, for people and for what must outlive the process (job deadlines across a restart).
  virtual int64_t UnixMillis() const = 0;
};

// The system's clocks. Lives for ever.
const Clock& SystemClock();

}  // namespace tactic
