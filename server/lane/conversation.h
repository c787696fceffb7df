// One worker's part in a contest: gives it the work, listens until it has finished or must be
// killed, and watches over it meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/core/lane.h"
#include "server/lane/contest.h"
#include "server/lane/hang_watch.h"
#include "server/lane/link.h"
#include "server/lane/stop_signal.h"

namespace tactic {

struct ConversationLimits {
  HangLimits hang;
  absl::Duration cancel = absl::Seconds(2);  // From a cancel to the worker's answer.
  // Between two steps of the journal; more is a flood.
  uint32_t frames = 4096;
  uint64_t bytes = uint64_t{32} << 20;
};

// How it ended. After all but kFinished and kCancelled, and sometimes after these, the worker is
// dead, or to be killed.
struct Ending {
  enum class Kind {
    kFinished,   // The record has the verdict.
    kCancelled,  // As asked.
    kCannotRun,  // The worker says that the problem cannot be run; `detail`.
    kDied,       // `death`.
  } kind = Kind::kFinished;
  std::string detail;
  Death death;
  // Of kFinished: what may have disturbed the contest, and why the worker should be replaced.
  Disturbances disturbances;
  std::string worn_out;
};

// Single-threaded.
class Conversation {
 public:
  // All outlive this.
  Conversation(Link& link, Contest& contest, const ConversationLimits& limits,
               const StopSignal& stop, absl::FunctionRef<void(const v1::WorkerProgress&)> progress);

  // Once. Returns with the worker idle, or killed and not yet reaped.
  Ending Run();

 private:
  // What one turn of the loop came to; nullopt: go on.
  using Turn = std::optional<Ending>;

  Turn Step();
  Turn ReadMessages();
  Turn Handle(const v1::FromWorker& message);
  Turn HandleFinished(const v1::Finished& message);
  // Into the record; not OK: what cannot be right.
  absl::Status AddCandidates(const v1::Candidates& message);
  absl::Status AddObserved(const v1::Observed& message);
  absl::Status AddVerdict(const v1::Finished& message);
  Turn CheckFlood(const JournalSnapshot& journal);
  void CancelOnce();
  absl::Duration NextWait(int64_t now_ns) const;
  // Kills the worker. For damage in its channel, finds what ran meanwhile.
  Ending Kill(Death::Kind kind, std::string detail);
  std::vector<uint32_t> RanDuringDamage();

  Link& link_;
  Contest& contest_;
  const ConversationLimits& limits_;
  const StopSignal& stop_;
  absl::FunctionRef<void(const v1::WorkerProgress&)> progress_;
  const uint64_t run_;
  HangWatch watch_;
  JournalFollower follower_;
  bool heard_ = false;
  int64_t cancelled_at_ns_ = 0;  // 0 = not cancelled.
  std::string cannot_run_;
  std::string fault_;  // The worker's last words about the device.
  // Since the journal's last step.
  uint64_t flood_sequence_ = 0;
  uint32_t flood_frames_ = 0;
  uint64_t flood_bytes_from_ = 0;
};

}  // namespace tactic
