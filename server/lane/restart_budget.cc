#include "server/lane/restart_budget.h"

#include <algorithm>

namespace tactic {

size_t RestartBudget::Recent(int64_t now_ns) const {
  const int64_t since = now_ns - absl::ToInt64Nanoseconds(options_.window);
  return static_cast<size_t>(
      std::count_if(deaths_.begin(), deaths_.end(), [since](int64_t at) { return at > since; }));
}

bool RestartBudget::AddDeath(int64_t now_ns) {
  deaths_.push_back(now_ns);
  while (deaths_.size() > static_cast<size_t>(options_.deaths)) deaths_.pop_front();
  // A probe that fails closes the lane again at once.
  if (!quarantined_ && Recent(now_ns) < static_cast<size_t>(options_.deaths)) return false;
  Quarantine(now_ns);
  return true;
}

void RestartBudget::Quarantine(int64_t now_ns) {
  quarantined_ = true;
  probe_at_ns_ = now_ns + absl::ToInt64Nanoseconds(options_.probe);
}

void RestartBudget::Forgive() {
  deaths_.clear();
  quarantined_ = false;
}

bool RestartBudget::MayStart(int64_t now_ns) const {
  return !quarantined_ || now_ns >= probe_at_ns_;
}

absl::Duration RestartBudget::Backoff(int64_t now_ns) const {
  const size_t recent = Recent(now_ns);
  if (recent == 0 || quarantined_) return absl::ZeroDuration();
  absl::Duration wait = options_.first_backoff;
  for (size_t i = 1; i < recent && wait < options_.last_backoff; ++i) wait *= 2;
  return std::min(wait, options_.last_backoff);
}

}  // namespace tactic
