// What the service does, without a wire: looks up, takes jobs, hands contests to lanes, stores and
// publishes what they find. The RPC layer and the lane threads call this; it owns no thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/catalog.h"
#include "server/core/clock.h"
#include "server/core/import_session.h"
#include "server/core/job.h"
#include "server/core/job_table.h"
#include "server/core/lane.h"
#include "server/core/lane_directory.h"
#include "server/core/lane_turns.h"
#include "server/core/mutex.h"
#include "server/core/scheduler.h"
#include "server/core/store.h"
#include "server/core/subscriptions.h"
#include "server/core/tuner_types.h"

namespace tactic {

// Thread-safe. What a call acknowledges is stored; what others can read is stored, with two
// exceptions that a restart undoes anyway: that a contest is running, and a change of a job that
// the store refused (it is offered again with each Tick). Reads never wait for the store.
//
// A contest over some runners only stores a decision of the same key as one over all of them, with
// those runners ranked: a program that names its runners finds the answer for them, and a later job
// that names none of the ranked runners is measured anew. Asking `again` without a filter replaces
// it by the full answer.
class Tuner {
 public:
  // Loads bans and jobs from the store: unfinished ones are queued again, or ended with a reason
  // (deadline passed; later on, when all lanes have reported: op unknown, environment changed).
  // What was decided meanwhile is found in the catalog. All arguments outlive this. Lanes are known
  // by position.
  static absl::StatusOr<std::unique_ptr<Tuner>> Create(Store& store, Catalog& catalog,
                                                       std::vector<Lane*> lanes, const Clock& clock,
                                                       TunerOptions options);
  Tuner(const Tuner&) = delete;
  Tuner& operator=(const Tuner&) = delete;

  // As the RPCs of the same names (proto/tactic/v1/tuning.proto).
  absl::StatusOr<DecisionPtr> Lookup(
      const Problem& problem, const MeasurementPolicy& policy,
      const std::optional<Environment>& environment) const;  // nullptr: a miss.
  // By id, superseded ones too, from the store.
  absl::StatusOr<Decision> FindDecision(uint64_t id) const;
  absl::StatusOr<Evidence> LoadEvidence(uint64_t decision_id) const;
  absl::StatusOr<JobView> Tune(TuneRequest request);
  absl::StatusOr<JobView> GetJob(const std::string& id) const;
  // An error of the store: the job is cancelled, but might come back with a restart.
  absl::StatusOr<JobView> CancelJob(const std::string& id);
  std::vector<JobView> ListJobs(size_t limit) const;  // Newest first.
  std::shared_ptr<const LaneViews> Lanes() const;     // Asks them.
  absl::StatusOr<MissesTaken> ReportMisses(std::vector<ReportedMiss> misses,
                                           const MeasurementPolicy& policy);
  // Of these ops (empty: all), most recently seen first. Reads the store.
  absl::StatusOr<std::vector<MissView>> ListMisses(const std::vector<std::string>& ops,
                                                   size_t limit) const;

  // Stores a ban, in place of the same one, and shows it (the rules: Admin.Ban of admin.proto).
  // True: it was banned before. ResourceExhausted: limits::kBans hold.
  absl::StatusOr<bool> PutBan(Ban ban);
  // False: it was not banned.
  absl::StatusOr<bool> RemoveBan(const Ban& ban);
  BansPtr Bans() const { return catalog_.Bans(); }

  absl::StatusOr<std::optional<StoredContest>> NextContest(uint64_t after, uint64_t& damaged) const;
  // Takes contests of another store by the rules of import_session.h. OK: stored and shown. An
  // error: the summary has none of them, though they may be stored; taking them again is harmless.
  absl::Status Import(ImportSession& session, const std::vector<StoredContest>& contests);

  // Calls `wake` after each change of the job, until Unsubscribe returns. Read the state with
  // GetJob. subscriptions.h says what a callback may do.
  uint64_t Subscribe(const std::string& job_id, std::function<void()> wake);
  void Unsubscribe(uint64_t id);

  // Runs contests on lane `index` until `stop`: the whole life of a lane's thread. A contest that
  // is running then goes back to the queue. Returns with no contest in flight.
  void ServeLane(size_t index, std::stop_token stop);

  // For leases: clients that measure in processes of their own (leases.h).
  //
  // Stores what was measured elsewhere and publishes the decision; nullptr: nothing was ranked, and
  // only the evidence is kept. An error of the store: nothing is acknowledged.
  absl::StatusOr<DecisionPtr> Record(const Key& key, const ContestResult& result);
  // Priors for a contest of `key`: what the contests of the nearest decisions measured, the nearest
  // first. Reads the store.
  std::vector<Neighbour> NeighboursOf(const Key& key) const;
  // Takes lane `index` for a lease: no contest runs there until FreeLane. False: it is in use, or
  // the turn of a contest that waits; SubscribeLanes tells when to ask again.
  bool TryLend(size_t lane);
  void FreeLane(size_t lane);
  // While a lease waits for the lane, contests leave it every other turn.
  void SetLeaseWaits(size_t lane, bool waits);
  // Calls `wake` after each contest, until UnsubscribeLanes.
  uint64_t SubscribeLanes(std::function<void()> wake);
  void UnsubscribeLanes(uint64_t id);

  // Ends jobs whose deadline passed or that no lane can measure any more, forgets old ones, offers
  // the store what it refused, and looks at the lanes again; called about once a second.
  void Tick();
  // Refuses new jobs from now on (Unavailable).
  void Drain();

 private:
  // A lane that failed a contest rests until then.
  struct LanePause {
    int failures = 0;  // In a row.
    int64_t until_ns = 0;
  };
  // How a change of a job is stored.
  struct Persist {
    enum class What { kNothing, kItem, kJob } what = What::kJob;
    size_t item = 0;
  };

  Tuner(Store& store, Catalog& catalog, std::vector<Lane*> lanes, const Clock& clock,
        TunerOptions options);

  // Restart (tuner_jobs.cc).
  absl::Status Restore();
  void Resume(const Job& stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  // Jobs (tuner_jobs.cc).
  absl::StatusOr<Job> Resolve(TuneRequest request) const;
  absl::StatusOr<std::optional<JobView>> FindRequest(const Job& asked) const;
  absl::Status Admit(const Job& job) const;
  // OK if some lane takes contests of this key now, or would take one as its probe.
  absl::Status CheckTaken(const LaneViews& lanes, const Key& key) const;
  absl::StatusOr<JobView> Take(Job job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // The decision that answers `item` of `job` now, if there is one.
  DecisionPtr AnswerOf(const Job& job, const JobItem& item, int64_t decided_since_unix_ms) const;
  absl::Status Change(const std::string& id, Persist persist, absl::FunctionRef<void(Job&)> change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::Status EndJob(const std::string& id, JobState state, const std::string& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void Queue(const Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  JobView ViewOf(const JobTable::Entry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Lanes (tuner_lanes.cc).
  bool HasWork(size_t lane) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<Scheduler::Contest> NextContest(size_t lane, const std::stop_token& stop);
  std::optional<Scheduler::Contest> Start(size_t lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void Run(size_t lane, const Scheduler::Contest& contest, const std::stop_token& stop);
  void OnProgress(const Scheduler::Contest& contest, const ContestProgress& progress);
  void Finish(const Scheduler::Contest& contest, absl::StatusOr<ContestResult> result,
              double seconds);
  // Stores what a contest found and shows the decision: what each item that waited becomes.
  JobItem Conclude(const Scheduler::Contest& contest, const ContestResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // The same of a contest that verified `standing`.
  JobItem ConcludeVerification(const Decision& standing, const ContestResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::StatusOr<DecisionPtr> Keep(const Key& key, const ContestResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::Status Reconcile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void Settle(const Scheduler::Waiter& waiter, const JobItem& outcome, double seconds)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void PutBack(const Scheduler::Contest& contest, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void Rest(size_t lane, bool failed);

  // Import (tuner_import.cc).
  absl::Status TakeContests(ImportSession& session, const std::vector<StoredContest>& contests)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::StatusOr<std::vector<StoredContest>> PlanImport(ImportSession& session,
                                                        const std::vector<StoredContest>& contests)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::Status StoreImported(const std::vector<StoredContest>& contests)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  // Bans (tuner_bans.cc).
  // Shows the bans that the store holds.
  absl::Status ShowBans() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // The same after a change; what became of it if that is in doubt.
  absl::Status ShowChangedBans(const absl::Status& changed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  // Time (tuner_jobs.cc).
  void FailUnmeasurable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void ForgetOldJobs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  void Report(TunerEvent event) const;

  Store& store_;      // Synchronises itself; outlives this, as all these do.
  Catalog& catalog_;  // Synchronises itself. Published to with write_mu_ held, so in order.
  const std::vector<Lane*> lanes_;
  const Clock& clock_;
  const TunerOptions options_;
  mutable LaneDirectory directory_;  // Synchronises itself.
  Subscriptions subscriptions_;      // Synchronises itself. By job id.
  Subscriptions lane_wakes_;         // Likewise. One topic.

  // Held by whoever changes jobs, from reading them until the change is stored and shown. Taken
  // before mu_.
  Mutex write_mu_;
  bool store_in_doubt_ ABSL_GUARDED_BY(write_mu_) = false;  // A change may be there, or not.
  // Held for moments, never across a call to the store, a lane or a listener.
  mutable Mutex mu_;
  ConditionVariable work_changed_;  // Of mu_: contests, pauses, lanes.
  Scheduler scheduler_ ABSL_GUARDED_BY(mu_);
  JobTable jobs_ ABSL_GUARDED_BY(mu_);
  std::vector<LanePause> pauses_ ABSL_GUARDED_BY(mu_);
  LaneTurns turns_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tactic
