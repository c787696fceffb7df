// What must outlive the daemon: decisions with their evidence, jobs, misses, and bans.
//
// Contract of every implementation, checked by tests/conformance/store_conformance.h:
// - Durable: a method that returns OK has put its change where a power cut leaves it. An error is
//   "unknown": the change may be there; the caller reads back before it says anything to anybody.
//   InvalidArgument and NotFound are certain: nothing was changed.
// - Each decision gets the next revision, in the same transaction; revisions have no gaps.
//   Decisions are immutable.
// - Damaged rows are left out, counted and logged, never returned and never fatal.
// - Thread-safe. Values in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/job.h"
#include "server/core/miss.h"
#include "server/core/stored_contest.h"
#include "tactic/model/ban.h"
#include "tactic/model/decision.h"

namespace tactic {

struct StoreInfo {
  std::string description;  // "sqlite:/var/lib/tacticd/tactic.db" or "memory".
  std::string store_id;     // Random, made with the store; positions of another store mean nothing.
  uint64_t revision = 0;
  uint64_t damaged_rows = 0;  // Left out so far, each counted once.
};

class Store {
 public:
  virtual ~Store() = default;

  virtual StoreInfo Info() const = 0;

  // Stores the evidence of a contest and, unless `decision` is nullopt (no valid candidate), the
  // decision, which replaces the standing one of its key. `decision->id` and `revision` are
  // ignored, as is `evidence.decision_id`. Returns the decision as stored, with both set.
  // InvalidArgument: the decision is for another key or ranks nothing, or a value is outside the
  // model's limits.
  virtual absl::StatusOr<std::optional<Decision>> PutContest(
      const Key& key, const std::optional<Decision>& decision, const Evidence& evidence) = 0;

  // Contests of another store, in one change: all of them or none. A decision that is `standing`
  // replaces the standing one of its key and takes the next revision, in the order given; another
  // one is kept behind whatever stands, with an id and revision 0. The contests' own ids are
  // ignored. Returns the decisions as stored, one for each contest. InvalidArgument: as PutContest,
  // of any of them.
  virtual absl::StatusOr<std::vector<std::optional<Decision>>> AddContests(
      const std::vector<StoredContest>& contests) = 0;
  // Whether a contest of this content (ContentOf) is stored.
  virtual absl::StatusOr<bool> HasContest(const StoredContest& contest) = 0;
  // The first contest whose id is greater than `after`; nullopt: there is none. Adds to `damaged`
  // the damaged ones that it passed over. Called with each answer's id in turn, it gives all of a
  // store, one contest in memory at a time.
  virtual absl::StatusOr<std::optional<StoredContest>> NextContest(uint64_t after,
                                                                   uint64_t& damaged) = 0;

  // The standing decision of every key, by revision. Keys of one fingerprint are one key. Of a key
  // whose newest decision is damaged, none.
  virtual absl::StatusOr<std::vector<Decision>> LoadDecisions() = 0;
  // Any decision ever made, superseded ones too. NotFound; DataLoss when its row is damaged.
  virtual absl::StatusOr<Decision> FindDecision(uint64_t id) = 0;
  // NotFound; DataLoss when its rows are damaged.
  virtual absl::StatusOr<Evidence> LoadEvidence(uint64_t decision_id) = 0;

  // Adds the job, or replaces the one of this id in its place. InvalidArgument: no id, a runner
  // name that is none, an item whose fingerprint is not its key's or whose key is outside the
  // model's limits.
  virtual absl::Status PutJob(const Job& job) = 0;
  // Stores the job and of its items `index` only: what changes as a job goes on. NotFound: no such
  // job or item. InvalidArgument: as PutJob, or the stored job has another number of items.
  virtual absl::Status UpdateJobItem(const Job& job, size_t index) = 0;
  // All jobs, in the order in which they were first put. One with a damaged item is left out whole.
  virtual absl::StatusOr<std::vector<Job>> LoadJobs() = 0;
  // Forgets jobs that ended before then. One that has not ended (ended_unix_ms 0) stays.
  virtual absl::Status DeleteJobsEndedBefore(int64_t unix_ms) = 0;

  // Adds up misses: to a call (key and shapes) that is known its count, and its last time; others
  // become known. At most limits::kStoredMisses stay; those seen longest ago are forgotten.
  // InvalidArgument: a key or shapes outside the model's limits, or a count of 0.
  virtual absl::Status AddMisses(const std::vector<MissedCall>& misses) = 0;
  // Most recently seen first.
  virtual absl::StatusOr<std::vector<MissedCall>> LoadMisses() = 0;

  // Adds the ban, or replaces the one of the same identity in its place. InvalidArgument: outside
  // the model's limits. ResourceExhausted: limits::kBans are held.
  virtual absl::Status PutBan(const Ban& ban) = 0;
  // Removes the ban of this identity; false: there was none.
  virtual absl::StatusOr<bool> RemoveBan(const Ban& ban) = 0;
  // All bans, in the order in which they were first put. Adds to `damaged` those that are damaged
  // and therefore do not hold: somebody must be told.
  virtual absl::StatusOr<std::vector<Ban>> LoadBans(uint64_t& damaged) = 0;
};

}  // namespace tactic
