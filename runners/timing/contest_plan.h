// One contest, from its candidates to its verdict, for whoever drives it: the worker on behalf of
// its daemon, and a client under a lease.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runners/timing/candidates.h"
#include "runners/timing/device_session.h"
#include "runners/timing/launch_observer.h"
#include "runners/timing/race.h"
#include "tactic/model/ban.h"
#include "tactic/model/contest.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

struct ContestPlan {
  Problem problem;           // Checked against the op, with all its attributes.
  MeasurementPolicy policy;  // Resolved.
  const sdk::Registry::Entry* entry = nullptr;
  std::vector<const sdk::Runner*> runners;
  std::optional<Candidate> incumbent;
  std::vector<Candidate> first;       // Screened first, in this order.
  std::vector<Neighbour> neighbours;  // Priors, the nearest first.
  std::vector<Trial> earlier;         // What earlier processes found.
  OpBans bans;                        // What these cover is rejected, not run.
  uint64_t seed = 0;
  uint32_t epoch = 0;     // Number of this process in the contest.
  int cycle_rounds = 1;   // DeviceSession::rounds_of_a_cycle. Nobody is judged before two cycles.
  bool thorough = false;  // Longer than usual, and all candidates: to verify what is decided.
  double spent_seconds = 0;   // Of the policy's budget, by earlier processes.
  uint64_t memory_bytes = 0;  // For operands, copies and workspace; 0 = the device's own rule.
};

// The candidates of the list that are banned, as rejected.
std::vector<Observation> RejectionsOf(const ContestPlan& contest, const CandidateList& list);

// The race, with what is known already. What `contest` names and the list lacks is left out.
Race MakeRace(const ContestPlan& contest, const CandidateList& list);

// The policy's limit on the wall time of a contest: preparing, checking and sampling together. Runs
// from its making.
class WallBudget {
 public:
  explicit WallBudget(const ContestPlan& contest);
  bool Over() const { return has_limit_ && std::chrono::steady_clock::now() >= end_; }

 private:
  bool has_limit_;
  std::chrono::steady_clock::time_point end_;
};

// As DeviceSession::MakeSampler. `contest`, `session` and `observer` outlive it.
Result<std::unique_ptr<Sampler>> MakeSampler(const ContestPlan& contest, const CandidateList& list,
                                             DeviceSession& session, LaunchObserver& observer);

// Observations as they are told.
std::vector<CandidateResult> ResultsOf(std::span<const Observation> observations);

// What a race over `candidates` candidates that is done decided.
ContestVerdict VerdictOf(const Race& race, size_t candidates);

}  // namespace tactic::timing
