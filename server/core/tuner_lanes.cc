// The Tuner's lanes: from a queued contest to its decision.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/neighbours.h"
#include "server/core/tuner.h"
#include "server/core/verification.h"

namespace tactic {
namespace {

JobItem Failed(std::string message) {
  JobItem outcome;
  outcome.state = ContestState::kFailed;
  outcome.message = std::move(message);
  return outcome;
}

// Why a pick that stood failed when it was measured again.
std::string FailureOf(const Candidate& pick, const Evidence& evidence) {
  for (const Trial& trial : evidence.trials) {
    if (trial.candidate != pick) continue;
    return absl::StrCat("the stored pick failed: ", std::string(Name(trial.outcome)), ": ",
                        trial.detail);
  }
  return "the stored pick is no candidate any more";
}

// What a contest came to, for the log.
std::string DetailOf(const JobItem& outcome, const absl::StatusOr<ContestResult>& result) {
  if (outcome.state == ContestState::kFailed) return outcome.message;
  if (outcome.verification && !outcome.verification->superseded) {
    return absl::StrCat("decision ", outcome.decision_id, " was verified and stands");
  }
  return absl::StrCat("decision ", outcome.decision_id, ": ",
                      ToText(result->ranking.front().candidate));
}

}  // namespace

void Tuner::ServeLane(size_t index, std::stop_token stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mu_);
    work_changed_.notify_all();
  });
  while (const std::optional<Scheduler::Contest> contest = NextContest(index, stop)) {
    Run(index, *contest, stop);
  }
}

bool Tuner::HasWork(size_t lane) const {
  if (pauses_[lane].until_ns > clock_.NowNanos()) return false;
  const std::shared_ptr<const LaneViews> lanes = directory_.Views();
  return scheduler_.HasWork([&](const Scheduler::Contest& contest) {
    return (*lanes)[lane].Measures(contest.key.problem.op, contest.environment);
  });
}

std::optional<Scheduler::Contest> Tuner::NextContest(size_t lane, const std::stop_token& stop) {
  while (true) {
    {
      MutexLock lock(mu_);
      while (!stop.stop_requested() && !(turns_.MayStartContest(lane) && HasWork(lane))) {
        work_changed_.wait(mu_);
      }
      if (stop.stop_requested()) return std::nullopt;
    }
    MutexLock write(write_mu_);
    if (std::optional<Scheduler::Contest> contest = Start(lane)) return contest;
  }
}

std::optional<Scheduler::Contest> Tuner::Start(size_t lane) {
  const std::shared_ptr<const LaneViews> lanes = directory_.Views();
  std::optional<Scheduler::Contest> contest;
  {
    MutexLock lock(mu_);
    if (!turns_.MayStartContest(lane)) return std::nullopt;  // Lent meanwhile.
    contest = scheduler_.Take(lane, [&](const Scheduler::Contest& next) {
      return (*lanes)[lane].Measures(next.key.problem.op, next.environment);
    });
    if (contest) turns_.Take(lane, LaneTurns::User::kContest);
  }
  if (!contest) return std::nullopt;
  const auto run = [](size_t item) {
    return [item](Job& job) {
      // A job may be running already, for another item.
      static_cast<void>(Move(job.state, JobState::kRunning));
      static_cast<void>(Move(job.items[item].state, ContestState::kRunning));
    };
  };
  for (const Scheduler::Waiter& waiter : contest->waiters) {
    static_cast<void>(Change(waiter.job, {Persist::What::kNothing}, run(waiter.item)));
  }
  Report({TunerEvent::Kind::kContestStarted, "", ToText(contest->key.problem),
          (*lanes)[lane].info.name, ""});
  return contest;
}

std::vector<Neighbour> Tuner::NeighboursOf(const Key& key) const {
  constexpr size_t kNearest = 3;
  std::vector<Neighbour> neighbours;
  for (const DecisionPtr& decision : NearestDecisions(catalog_, key, kNearest)) {
    // Evidence that cannot be read costs a prior, not the contest.
    const absl::StatusOr<Evidence> evidence = store_.LoadEvidence(decision->id);
    if (evidence.ok()) neighbours.push_back(NeighbourOf(*decision, *evidence));
  }
  return neighbours;
}

void Tuner::Run(size_t lane, const Scheduler::Contest& contest, const std::stop_token& stop) {
  std::stop_source contest_stop = contest.stop;
  const std::stop_callback forward(stop, [&contest_stop] { contest_stop.request_stop(); });
  ContestSpec spec =
      SpecFor(contest.key, contest.runners, catalog_.Answer(contest.fingerprint).get());
  spec.neighbours = NeighboursOf(contest.key);
  spec.bans = OpBans(catalog_.Bans()->bans, contest.key.problem.op);
  spec.thorough = contest.verify;
  const int64_t started_ns = clock_.NowNanos();
  absl::StatusOr<ContestResult> result =
      lanes_[lane]->Run(spec, contest_stop.get_token(),
                        [&](const ContestProgress& progress) { OnProgress(contest, progress); });
  const double seconds = static_cast<double>(clock_.NowNanos() - started_ns) * 1e-9;
  directory_.Refresh();  // A failing lane may be quarantined now.
  Rest(lane, !result.ok() && !contest.stop.stop_requested() &&
                 result.status().code() != absl::StatusCode::kInvalidArgument);
  Finish(contest, std::move(result), seconds);
  FreeLane(lane);
  lane_wakes_.Wake("");
}

bool Tuner::TryLend(size_t lane) {
  MutexLock lock(mu_);
  if (!turns_.MayLend(lane, HasWork(lane))) return false;
  turns_.Take(lane, LaneTurns::User::kLease);
  return true;
}

void Tuner::FreeLane(size_t lane) {
  MutexLock lock(mu_);
  turns_.Release(lane);
  work_changed_.notify_all();
}

void Tuner::SetLeaseWaits(size_t lane, bool waits) {
  MutexLock lock(mu_);
  if (turns_.SetLeaseWaits(lane, waits)) work_changed_.notify_all();
}

uint64_t Tuner::SubscribeLanes(std::function<void()> wake) {
  return lane_wakes_.Add("", std::move(wake));
}

void Tuner::UnsubscribeLanes(uint64_t id) { lane_wakes_.Remove(id); }

void Tuner::OnProgress(const Scheduler::Contest& contest, const ContestProgress& progress) {
  std::vector<std::string> jobs;
  {
    MutexLock lock(mu_);
    scheduler_.SetProgress(contest.id, progress);
    const Scheduler::Contest* now = scheduler_.Find(contest.id);
    if (now == nullptr) return;
    for (const Scheduler::Waiter& waiter : now->waiters) {
      JobTable::Entry* entry = jobs_.FindMutable(waiter.job);
      if (entry != nullptr) ++entry->version;
      jobs.push_back(waiter.job);
    }
  }
  for (const std::string& job : jobs) subscriptions_.Wake(job);
}

void Tuner::Finish(const Scheduler::Contest& contest, absl::StatusOr<ContestResult> result,
                   double seconds) {
  MutexLock write(write_mu_);
  JobItem outcome;
  if (result.ok()) {
    outcome = Conclude(contest, *result);
  } else if (result.status().code() == absl::StatusCode::kInvalidArgument) {
    outcome = Failed(std::string(result.status().message()));
  } else if (contest.stop.stop_requested() || contest.failures + 1 < options_.max_lane_failures) {
    PutBack(contest, result.status());
    return;
  } else {
    outcome = Failed(absl::StrCat("given up after ", contest.failures + 1,
                                  " attempts; the last one: ", result.status().message()));
  }
  std::vector<Scheduler::Waiter> waiters;
  {
    MutexLock lock(mu_);
    waiters = scheduler_.Finish(contest.id);
  }
  for (const Scheduler::Waiter& waiter : waiters) Settle(waiter, outcome, seconds);
  const bool failed = outcome.state == ContestState::kFailed;
  Report({failed ? TunerEvent::Kind::kContestFailed : TunerEvent::Kind::kContestDecided, "",
          ToText(contest.key.problem), (*directory_.Views())[contest.lane].info.name,
          DetailOf(outcome, result)});
}

JobItem Tuner::ConcludeVerification(const Decision& standing, const ContestResult& result) {
  JobItem outcome;
  outcome.state = ContestState::kDecided;
  outcome.decision_id = standing.id;
  outcome.verification = Verify(standing, result);
  if (outcome.verification->pick_failed) {
    outcome.message = FailureOf(standing.ranking.front().candidate, result.evidence);
  }
  ContestResult kept = result;
  if (!outcome.verification->superseded) kept.ranking.clear();  // Evidence only.
  const absl::StatusOr<DecisionPtr> decision = Keep(standing.key, kept);
  if (!decision.ok()) return Failed(std::string(decision.status().message()));
  if (*decision != nullptr) outcome.decision_id = (*decision)->id;
  return outcome;
}

JobItem Tuner::Conclude(const Scheduler::Contest& contest, const ContestResult& result) {
  if (contest.verify && !result.ranking.empty()) {
    const DecisionPtr standing = catalog_.Find(contest.fingerprint);
    if (standing != nullptr) return ConcludeVerification(*standing, result);
  }
  const absl::StatusOr<DecisionPtr> decision = Keep(contest.key, result);
  if (!decision.ok()) return Failed(std::string(decision.status().message()));
  if (*decision == nullptr) return Failed(result.failure);
  JobItem outcome;
  outcome.state = ContestState::kDecided;
  outcome.decision_id = (*decision)->id;
  return outcome;
}

absl::StatusOr<DecisionPtr> Tuner::Record(const Key& key, const ContestResult& result) {
  MutexLock write(write_mu_);
  return Keep(key, result);
}

absl::StatusOr<DecisionPtr> Tuner::Keep(const Key& key, const ContestResult& result) {
  std::optional<Decision> decision;
  if (!result.ranking.empty()) {
    decision.emplace();
    decision->key = key;
    decision->ranking = result.ranking;
    decision->default_ns = result.default_ns;
    decision->reason = result.reason;
    decision->tied = result.tied;
    decision->created_unix_ms = clock_.UnixMillis();
  }
  // What an earlier failure left in doubt comes first, so that revisions are shown in order.
  absl::Status stored = store_in_doubt_ ? Reconcile() : absl::OkStatus();
  const uint64_t revision_before = catalog_.Revision();
  if (stored.ok()) {
    absl::StatusOr<std::optional<Decision>> put = store_.PutContest(key, decision, result.evidence);
    stored = put.status();
    if (put.ok() && put->has_value()) catalog_.Publish(**std::move(put));
    // It may be stored all the same: read back before anything is said about it.
    store_in_doubt_ = !stored.ok();
    if (store_in_doubt_) static_cast<void>(Reconcile());
  }
  if (!decision) return DecisionPtr();
  DecisionPtr standing = catalog_.Find(FingerprintOf(key));
  if (standing != nullptr && standing->revision > revision_before) return standing;
  return absl::Status(stored.code(), absl::StrCat("measured, but the result could not be stored: ",
                                                  stored.message()));
}

absl::Status Tuner::Reconcile() {
  absl::StatusOr<std::vector<Decision>> decisions = store_.LoadDecisions();
  if (!decisions.ok()) {
    Report({TunerEvent::Kind::kStoreFailed, "", "", "", decisions.status().ToString()});
    return decisions.status();
  }
  // Before what was decided since, as watchers get them.
  if (absl::Status shown = ShowBans(); !shown.ok()) return shown;
  const uint64_t known = catalog_.Revision();
  for (Decision& decision : *decisions) {
    if (decision.revision > known) catalog_.Publish(std::move(decision));
  }
  store_in_doubt_ = false;
  return absl::OkStatus();
}

void Tuner::Settle(const Scheduler::Waiter& waiter, const JobItem& outcome, double seconds) {
  {
    MutexLock lock(mu_);
    JobTable::Entry* entry = jobs_.FindMutable(waiter.job);
    if (entry == nullptr) return;
    ++entry->measured;
    entry->measured_seconds += seconds;
  }
  const auto settle = [&](Job& job) {
    JobItem& item = job.items[waiter.item];
    if (!Move(item.state, outcome.state)) return;
    item.decision_id = outcome.decision_id;
    item.message = outcome.message;
    item.verification = outcome.verification;
    const bool last = std::all_of(job.items.begin(), job.items.end(),
                                  [](const JobItem& other) { return IsTerminal(other.state); });
    if (last && Move(job.state, JobState::kDone)) job.ended_unix_ms = clock_.UnixMillis();
  };
  // Refused by the store: said in the log, and offered again by Tick.
  static_cast<void>(Change(waiter.job, {Persist::What::kItem, waiter.item}, settle));
}

void Tuner::PutBack(const Scheduler::Contest& contest, const absl::Status& why) {
  const bool failed = !contest.stop.stop_requested();
  std::vector<Scheduler::Waiter> waiters;
  {
    MutexLock lock(mu_);
    waiters = scheduler_.Requeue(contest.id, failed);
    work_changed_.notify_all();
  }
  for (const Scheduler::Waiter& waiter : waiters) {
    static_cast<void>(Change(waiter.job, {Persist::What::kNothing}, [&](Job& job) {
      static_cast<void>(Move(job.items[waiter.item].state, ContestState::kQueued));
    }));
  }
  if (waiters.empty()) return;
  Report({TunerEvent::Kind::kContestRequeued, "", ToText(contest.key.problem), "",
          std::string(why.message())});
}

void Tuner::Rest(size_t lane, bool failed) {
  // A quarantined lane refuses whatever it is given, so however the run ended it has to rest.
  const bool quarantined = (*directory_.Views())[lane].info.state == LaneState::kQuarantined;
  MutexLock lock(mu_);
  LanePause& pause = pauses_[lane];
  if (!failed && !quarantined) {
    pause = LanePause();
    return;
  }
  const int64_t backoff_ms =
      std::min(options_.max_lane_pause_ms, options_.lane_pause_ms << std::min(pause.failures, 16));
  const int64_t ms = quarantined ? options_.quarantine_pause_ms : backoff_ms;
  ++pause.failures;
  pause.until_ns = clock_.NowNanos() + ms * 1'000'000;
}

}  // namespace tactic
