// What a cache counted, and what tuning found, by op; to be printed or read by programs. Standard
// library only. Values: copy and keep them as you like.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/problem.h"

namespace tactic {

// How the calls of ChooseOne ended, and what the table holds.
struct CacheStatistics {
  uint64_t hits = 0;
  uint64_t misses = 0;  // No decision for the profile (or no decisions at all).
  // A decision, but none of its runners that is not banned is in the caller's list.
  uint64_t not_runnable = 0;
  uint64_t malformed = 0;            // Wrong number of inputs, rank, or a negative size.
  uint64_t mapper_failed = 0;        // A mapper's function threw, or gave a size below 0.
  uint64_t skipped = 0;              // By an override (skip_ops), or SkipAll.
  uint64_t decisions = 0;            // Held, of the environments set.
  uint64_t foreign_environment = 0;  // Held, but of another device, version or runner: not used.
  uint64_t damaged = 0;              // Left out: no candidate, or sizes beyond the limits.
};

// The table file that a cache answers from, and those that it could not.
struct TableStatistics {
  bool open = false;  // A file is mapped. What follows, up to `decisions`, is of it.
  std::string store_id;
  uint64_t revision = 0;             // All decisions of the store up to it are in the file.
  int64_t created_unix_ms = 0;       // When the file was made.
  uint64_t decisions = 0;            // Of the environments that hold here.
  uint64_t foreign_environment = 0;  // Of another device, version or runner: not used.
  uint64_t opened = 0;               // Files so far, one after the other.
  // Files that were ignored, each counted once: what was mapped before goes on answering.
  uint64_t missing = 0;     // There was none.
  uint64_t unreadable = 0;  // The system did not let us.
  uint64_t foreign = 0;     // Not a table file, or one of a machine with another byte order.
  uint64_t newer = 0;       // Of a version that this library does not know.
  uint64_t damaged = 0;     // Cut short, or not as it was written.
};

// A call that missed: its sizes as they were, not as they were mapped.
struct MissedShapes {
  Shapes shapes;
  uint64_t count = 0;
  bool operator==(const MissedShapes&) const = default;
};

// A candidate that could not be chosen, and why.
struct FailedCandidate {
  std::string problem;  // For people: "gemm f32[8,64] f32[64,32]".
  Candidate candidate;
  Outcome outcome = Outcome::kRejected;
  std::string detail;
  bool operator==(const FailedCandidate&) const = default;
};

// A profile that was tuned and got no decision.
struct FailedProfile {
  std::string problem;
  std::string reason;
  bool operator==(const FailedProfile&) const = default;
};

// What became of one profile that this process had tuned.
struct TunedProfile {
  std::string op;
  std::string problem;  // For people.
  bool decided = false;
  std::string reason;  // Why not, if not decided.
  double seconds = 0;  // Of measuring.
  std::vector<FailedCandidate> failed;
};

// One op, by name. Lists are bounded (kMostListed each, the first ones stay); counts are whole.
struct OpStatistics {
  static constexpr size_t kMostListed = 1024;

  std::string op;
  uint64_t misses = 0;               // Calls that the fallback answered.
  std::vector<MissedShapes> missed;  // Most often first.
  uint64_t unlisted_misses = 0;      // Found no room in `missed`.
  // Of what this process waited for: in a TuningScope, by Client::Tune or a LeaseTuner. What was
  // already decided is not counted: nothing was tuned.
  uint64_t profiled = 0;  // Profiles that got a decision.
  uint64_t failed_profiles = 0;
  std::vector<FailedProfile> without_decision;
  uint64_t failed_candidates = 0;
  std::vector<FailedCandidate> failed;
  double tuning_seconds = 0;
  bool operator==(const OpStatistics&) const = default;
};

// By op's name.
using StatisticsByOp = std::vector<OpStatistics>;

// Some lines for people, docs/choosing.md shows them. Never parsed.
std::string ToText(const StatisticsByOp& statistics);
// {"misses":…,"ops":[{"op":…}]}: one object on one line, with the names of the fields above.
std::string ToJson(const StatisticsByOp& statistics);

}  // namespace tactic
