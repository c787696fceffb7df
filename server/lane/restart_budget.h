// How often a worker may die with nobody to blame, how long to wait before the next start, and when
// to give up. Pure: the caller brings the time.
#pragma once

#include <cstdint>
#include <deque>

#include "absl/time/time.h"

namespace tactic {

struct RestartBudgetOptions {
  int deaths = 5;  // Within `window`: quarantine.
  absl::Duration window = absl::Minutes(10);
  absl::Duration first_backoff = absl::Milliseconds(100);  // Doubles with each death in the window.
  absl::Duration last_backoff = absl::Seconds(30);
  absl::Duration probe = absl::Minutes(5);  // A quarantined lane tries one start this often.
};

// Not thread-safe. Times are of one monotonic clock.
class RestartBudget {
 public:
  explicit RestartBudget(const RestartBudgetOptions& options) : options_(options) {}

  // A worker died, or could not be started. True: this was one too many.
  bool AddDeath(int64_t now_ns);
  // No starts until the next probe.
  void Quarantine(int64_t now_ns);
  // A contest went through: all is forgiven.
  void Forgive();

  bool quarantined() const { return quarantined_; }
  // True when a start may be tried: always, unless quarantined and not yet time for a probe.
  bool MayStart(int64_t now_ns) const;
  // To wait before the next start.
  absl::Duration Backoff(int64_t now_ns) const;

 private:
  size_t Recent(int64_t now_ns) const;

  RestartBudgetOptions options_;
  std::deque<int64_t> deaths_;
  bool quarantined_ = false;
  int64_t probe_at_ns_ = 0;
};

}  // namespace tactic
