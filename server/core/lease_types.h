// The values that go in and out of Leases (leases.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/core/catalog.h"
#include "server/core/lane.h"
#include "server/core/tuner_types.h"
#include "tactic/model/contest.h"

namespace tactic {

// Names one grant.
struct LeaseToken {
  Fingerprint key;
  uint64_t fence = 0;  // Grows with each grant.
  std::string epoch;   // Of the daemon's run.
  bool operator==(const LeaseToken&) const = default;
};

struct LeaseRequest {
  Key key;             // The policy resolved.
  std::string client;  // For people.
  std::string lane;    // That it measures on; empty: the one of its device class, if there is one.
  bool again = false;  // A decision that stands already does not do.
};

// How a request stands.
struct LeaseWaiting {
  std::string reason;
  std::string holder;  // The client that holds the key; empty: the lane is waited for.
  bool operator==(const LeaseWaiting&) const = default;
};
struct LeaseGrant {
  LeaseToken token;
  int64_t ttl_ms = 0;
  std::string lane;  // That is kept free; empty = none.
  uint32_t epoch = 0;
  ContestSpec spec;            // Its neighbours as they were when the queue was joined.
  std::vector<Trial> earlier;  // What earlier holders found.
};
struct LeaseOutcome {
  DecisionPtr decision;
  std::string failure;  // Why there is none; both empty: it was given up.
};
using LeaseState = std::variant<LeaseWaiting, LeaseGrant, LeaseOutcome>;

// What the holder tells as it measures. Takes effect in this order; each part may be empty.
struct TrialReport {
  LeaseToken token;
  std::vector<Candidate> candidates;
  uint32_t round = 0;
  std::vector<CandidateResult> results;
  std::optional<uint32_t> launching;
};

struct LeaseOptions {
  std::string epoch;        // Random, of this run of the daemon.
  int64_t ttl_ms = 15'000;  // Without a sign of life.
  // Without a report, however often it is renewed: a holder that hangs and does not know.
  int64_t stall_ms = 10 * 60 * 1000;
  size_t max_keys = 256;  // Held, waited for, or with trials of a contest that is not decided.
  std::function<void(const TunerEvent&)> on_event;  // Called on any thread; may be empty.
};

}  // namespace tactic
