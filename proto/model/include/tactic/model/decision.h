// What was measured and what was decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tactic/model/key.h"
#include "tactic/model/parameters.h"

namespace tactic {

// A runner's identity: its name, and everything that changes what its tactics mean (parameters,
// code version). Never a position in a list.
struct RunnerId {
  std::string name;       // "host_blocked"
  std::string unique_id;  // "1"
  auto operator<=>(const RunnerId&) const = default;
};

struct Candidate {
  RunnerId runner;
  Tactic tactic;
  auto operator<=>(const Candidate&) const = default;
};
std::string ToText(const Candidate& candidate);  // "host_blocked kc=256 mc=96"

// The generic checks, where `field` prefixes the name in the message ("incumbent.").
Check CheckRunnerId(std::string_view field, const RunnerId& runner);
Check CheckCandidate(std::string_view field, const Candidate& candidate);

// How a trial ended. A failed candidate is an answer, not an error. Stored and sent: never
// renumber.
enum class Outcome : uint8_t {
  kMeasured = 1,    // Valid, and raced to the end.
  kEliminated = 2,  // Valid, and clearly slower.
  kRejected = 3,    // The runner cannot run it here; nothing was launched.
  kOutOfMemory = 4,
  kCrashed = 5,        // Ended the worker process.
  kTimedOut = 6,       // Passed its deadline; the worker was killed.
  kWrongResult = 7,    // Output differs from the reference, is not finite, or was left unwritten.
  kOutOfBounds = 8,    // Wrote outside its output.
  kProtocolError = 9,  // Wrote rubbish into the worker's channel.
  kNotMeasured = 10,   // Nothing was tried: priors, a search or the budget left it out.
};
std::string_view Name(Outcome outcome);  // "wrong_result"
inline bool IsValid(Outcome outcome) {
  return outcome == Outcome::kMeasured || outcome == Outcome::kEliminated;
}
inline bool IsFailure(Outcome outcome) {
  return !IsValid(outcome) && outcome != Outcome::kNotMeasured;
}

// One timed launch. Rounds are comparable across candidates; samples of different epochs (worker
// processes) are not paired.
struct Sample {
  uint32_t epoch = 0;
  uint32_t round = 0;  // 0 is the screening pass.
  float nanoseconds = 0;
  bool operator==(const Sample&) const = default;
};

// All that is known of one candidate of one contest.
struct Trial {
  Candidate candidate;
  Outcome outcome = Outcome::kMeasured;
  std::string detail;  // Why, for a failed one; of a valid one a remark: "not deterministic: …".
  double median_ns = 0;  // Over the samples; 0 = none.
  std::vector<Sample> samples;
  bool operator==(const Trial&) const = default;
};

// Why this candidate. Stored and sent: never renumber.
enum class Reason : uint8_t {
  kClear = 1,      // Faster than every other by more than the noise.
  kTie = 2,        // Several inside the noise; the fixed order chose.
  kIncumbent = 3,  // The stored pick is inside the noise: kept.
  kDefault = 4,    // The default is inside the noise: preferred.
  kOnly = 5,       // One valid candidate.
  kBudget = 6,     // The budget ended before the race did; best so far.
};
std::string_view Name(Reason reason);  // "clear"

struct Ranked {
  Candidate candidate;
  double median_ns = 0;
  double low_ns = 0;  // 95 % interval of the median.
  double high_ns = 0;
  bool operator==(const Ranked&) const = default;
};

// Immutable answer for one key. `ranking` is in order of preference: the pick first, then the best
// tactic of each other runner.
struct Decision {
  uint64_t id = 0;        // Of this store; with the store's id unique everywhere.
  uint64_t revision = 0;  // At which it became visible. 0 = never, or not stored yet.
  Key key;
  std::vector<Ranked> ranking;
  double default_ns = 0;  // What the default candidate took; 0 = it failed.
  Reason reason = Reason::kClear;
  uint32_t tied = 1;  // Candidates inside the noise of the leader, itself included.
  int64_t created_unix_ms = 0;
  bool operator==(const Decision&) const = default;
};

// What may have made times of a contest wrong.
struct Disturbance {
  std::string cause;  // For people: "another process computes on this GPU".
  // Times that were taken in this round and thrown away because of it; the round was then measured
  // again. 0: it was seen at some time of the contest, and nothing was thrown away (`round` is 0).
  uint32_t discarded = 0;
  uint32_t epoch = 0;  // Of the worker process, as in Sample.
  uint32_t round = 0;
  bool operator==(const Disturbance&) const = default;
};

// All that one contest saw. Kept with its decision; without one when no candidate was valid, or
// when a verification found that the standing decision holds.
struct Evidence {
  uint64_t decision_id = 0;  // 0 = no decision came of it.
  std::vector<Trial> trials;
  uint32_t worker_restarts = 0;
  double seconds = 0;                     // Wall time of the contest.
  std::vector<Disturbance> disturbances;  // At most limits::kDisturbances, the first ones.
  bool operator==(const Evidence&) const = default;
};

}  // namespace tactic
