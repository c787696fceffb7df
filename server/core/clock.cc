#include "server/core/clock.h"

#include <time.h>

#include <chrono>

namespace tactic {
namespace {

class BootClock : public Clock {
 public:
  int64_t NowNanos() const override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
  int64_t UnixMillis() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  }
};

}  // namespace

const Clock& SystemClock() {
  static const BootClock* const clock = new BootClock;  // Lives for ever.
  return *clock;
}

}  // namespace tactic
