// Jobs and contests as values, and the moves their states may make. A job is what a client asked
// for in one request; a contest is the tuning of one key, which several jobs may wait for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/key.h"

namespace tactic {

// Stored: never renumber. kQueued -> kRunning -> kDone; kQueued | kRunning -> kCancelled | kExpired
// | kFailed; terminal states stay.
enum class JobState : uint8_t {
  kQueued = 1,
  kRunning = 2,
  kDone = 3,
  kCancelled = 4,
  kExpired = 5,
  kFailed = 6
};

constexpr bool IsTerminal(JobState s) { return s != JobState::kQueued && s != JobState::kRunning; }
constexpr bool CanMove(JobState from, JobState to) {
  switch (from) {
    case JobState::kQueued:
      return to == JobState::kRunning || IsTerminal(to);  // kDone: all was decided already.
    case JobState::kRunning:
      return IsTerminal(to);
    default:
      return false;
  }
}
static_assert(CanMove(JobState::kQueued, JobState::kDone));
static_assert(!CanMove(JobState::kQueued, JobState::kQueued));
static_assert(!CanMove(JobState::kRunning, JobState::kQueued));
static_assert(!CanMove(JobState::kDone, JobState::kCancelled));

// Stored: never renumber. kQueued -> kRunning -> kDecided | kFailed | kAbandoned; kRunning ->
// kQueued when the lane was taken away (the daemon stops, the worker cannot be kept alive); kQueued
// -> kDecided when the answer is found in the store, -> kFailed when no lane can measure it any
// more, -> kAbandoned when the job ends first; terminal states stay.
enum class ContestState : uint8_t {
  kQueued = 1,
  kRunning = 2,
  kDecided = 3,
  kFailed = 4,
  kAbandoned = 5
};

constexpr bool IsTerminal(ContestState s) {
  return s != ContestState::kQueued && s != ContestState::kRunning;
}
constexpr bool CanMove(ContestState from, ContestState to) {
  switch (from) {
    case ContestState::kQueued:
      return to == ContestState::kRunning || IsTerminal(to);
    case ContestState::kRunning:
      return to == ContestState::kQueued || IsTerminal(to);
    default:
      return false;
  }
}
static_assert(CanMove(ContestState::kRunning, ContestState::kQueued));
static_assert(!CanMove(ContestState::kRunning, ContestState::kRunning));
static_assert(!CanMove(ContestState::kDecided, ContestState::kRunning));
static_assert(!CanMove(ContestState::kAbandoned, ContestState::kQueued));

// Makes the move if the table above has it; else changes nothing and returns false.
template <typename State>
[[nodiscard]] constexpr bool Move(State& state, State to) {
  if (!CanMove(state, to)) return false;
  state = to;
  return true;
}

// What measuring a standing decision again, longer, has shown of it. Ratios, less 1: 0.02 is 2 %.
struct Verification {
  uint64_t decision_id = 0;  // The decision that was verified.
  double drift = 0;          // Its pick's time now over the one that it was decided with.
  double regret = 0;  // Its pick's time over the best candidate's, in the same rounds; not below 0.
  double regret_error = 0;  // One standard error.
  bool superseded = false;  // Another candidate is faster, outside the zone: a new decision stands.
  bool pick_failed = false;  // It cannot be run any more, or is wrong; all ratios are 0.
  bool operator==(const Verification&) const = default;
};

// One problem of a job.
struct JobItem {
  Key key;
  Fingerprint fingerprint;
  ContestState state = ContestState::kQueued;
  uint64_t decision_id = 0;
  bool already_decided = false;
  std::string message;
  std::optional<Verification> verification;  // Of a job that verifies, once it is decided.
};

struct Job {
  std::string id;          // "j-" and a number of this store, for people to type.
  std::string request_id;  // The caller's; unique for its retention.
  std::string client;
  JobState state = JobState::kQueued;
  std::string message;
  int64_t created_unix_ms = 0;
  int64_t deadline_unix_ms = 0;  // 0 = none. Wall time, since it must outlive the process.
  int64_t ended_unix_ms = 0;
  std::vector<std::string> runners;  // Empty = all.
  bool again = false;
  bool verify = false;  // Of the standing decisions, when nothing else waits; see Verification.
  std::vector<JobItem> items;
};

// The contest a lane is measuring. Candidates by value, times in nanoseconds, 0 = not known yet.
struct ContestProgress {
  std::string lane;
  std::string phase;  // "starting", "screening", "racing", "finals".
  uint32_t candidates = 0;
  uint32_t screened = 0;
  uint32_t remaining = 0;
  uint32_t failed = 0;
  std::optional<Candidate> best;
  double best_ns = 0;
  double default_ns = 0;
  double elapsed_seconds = 0;
  double seconds_left = 0;
  uint32_t worker_restarts = 0;
};

}  // namespace tactic
