#include "server/lane/hang_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tactic {

int64_t HangWatch::DueNs(const JournalSnapshot& snapshot) const {
  const auto phase = static_cast<wire::LaunchPhase>(snapshot.phase);
  absl::Duration limit = limits_.candidate_step;
  if (phase == wire::LaunchPhase::kIdle) limit = limits_.idle;
  if (phase == wire::LaunchPhase::kEnumerate || phase == wire::LaunchPhase::kReference) {
    limit = limits_.own_step;
  }
  const int64_t clamp = step_seen_ns_ + absl::ToInt64Nanoseconds(limit);
  if (snapshot.deadline_ns == 0 || snapshot.deadline_ns >= static_cast<uint64_t>(clamp)) {
    return clamp;
  }
  return static_cast<int64_t>(snapshot.deadline_ns);
}

std::optional<std::string> HangWatch::Check(const JournalSnapshot& snapshot, bool heard,
                                            int64_t now_ns) {
  const bool idle = snapshot.phase == static_cast<uint32_t>(wire::LaunchPhase::kIdle);
  if (snapshot.sequence != sequence_ || (heard && idle)) {
    sequence_ = snapshot.sequence;
    step_seen_ns_ = now_ns;
    overdue_since_ns_ = 0;
  }
  const int64_t due_ns = DueNs(snapshot);
  if (now_ns < due_ns) {
    overdue_since_ns_ = 0;
    check_at_ns_ = due_ns;
    return std::nullopt;
  }
  if (overdue_since_ns_ == 0) overdue_since_ns_ = now_ns;
  check_at_ns_ = overdue_since_ns_ + absl::ToInt64Nanoseconds(limits_.grace);
  if (now_ns < check_at_ns_) return std::nullopt;
  const absl::Duration spent = absl::Nanoseconds(now_ns - step_seen_ns_);
  return absl::StrCat("no progress for ",
                      absl::FormatDuration(absl::Trunc(spent, absl::Milliseconds(1))));
}

}  // namespace tactic
