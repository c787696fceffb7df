// Tells from the journal whether the worker hangs. Pure: the caller brings the time.
//
// The worker writes a deadline before each step. Since the journal is untrusted, no step gets more
// time than the limits here, counted from when its step was first seen; and since the whole machine
// may have been asleep, a step that is found overdue gets `grace` more to move on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/lane/journal.h"

namespace tactic {

struct HangLimits {
  absl::Duration candidate_step = absl::Seconds(60);  // One step of a candidate's code.
  absl::Duration own_step = absl::Minutes(5);         // The reference, the list of candidates.
  absl::Duration idle = absl::Seconds(30);            // Nothing runs, and no frame comes.
  absl::Duration grace = absl::Milliseconds(100);
};

// Not thread-safe. Times are CLOCK_BOOTTIME in nanoseconds, as in the journal.
class HangWatch {
 public:
  HangWatch(const HangLimits& limits, int64_t now_ns)
      : limits_(limits), step_seen_ns_(now_ns), check_at_ns_(now_ns) {}

  // Why the worker must be killed; nullopt: it is well. `heard`: a frame came since the last check,
  // which is a sign of life while nothing runs.
  std::optional<std::string> Check(const JournalSnapshot& snapshot, bool heard, int64_t now_ns);
  // When the next check is due, by what the last one saw.
  int64_t CheckAtNs() const { return check_at_ns_; }

 private:
  // When the step is overdue.
  int64_t DueNs(const JournalSnapshot& snapshot) const;

  HangLimits limits_;
  uint64_t sequence_ = 0;
  int64_t step_seen_ns_;
  int64_t overdue_since_ns_ = 0;  // 0 = not overdue.
  int64_t check_at_ns_;
};

}  // namespace tactic
