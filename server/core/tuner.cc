// What the RPCs call. Restart, changes of jobs and time are in tuner_jobs.cc, lanes in
// tuner_lanes.cc.
#include "server/core/tuner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tactic {
namespace {

std::string ProblemField(size_t index) { return absl::StrCat("problems[", index, "]"); }

bool SameRequest(const Job& a, const Job& b) {
  const auto same_item = [](const JobItem& x, const JobItem& y) {
    return x.key.problem == y.key.problem && x.key.policy == y.key.policy;
  };
  return a.runners == b.runners && a.again == b.again && a.verify == b.verify &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_item);
}

bool RanksOneOf(const Decision& decision, const std::vector<std::string>& runners) {
  return std::any_of(decision.ranking.begin(), decision.ranking.end(), [&](const Ranked& ranked) {
    return std::find(runners.begin(), runners.end(), ranked.candidate.runner.name) != runners.end();
  });
}

}  // namespace

Tuner::Tuner(Store& store, Catalog& catalog, std::vector<Lane*> lanes, const Clock& clock,
             TunerOptions options)
    : store_(store),
      catalog_(catalog),
      lanes_(lanes),
      clock_(clock),
      options_(std::move(options)),
      directory_(std::move(lanes)),
      pauses_(lanes_.size()),
      turns_(lanes_.size()) {}

absl::StatusOr<std::unique_ptr<Tuner>> Tuner::Create(Store& store, Catalog& catalog,
                                                     std::vector<Lane*> lanes, const Clock& clock,
                                                     TunerOptions options) {
  std::unique_ptr<Tuner> tuner(
      new Tuner(store, catalog, std::move(lanes), clock, std::move(options)));
  if (const absl::Status restored = tuner->Restore(); !restored.ok()) return restored;
  return tuner;
}

absl::StatusOr<DecisionPtr> Tuner::Lookup(const Problem& problem, const MeasurementPolicy& policy,
                                          const std::optional<Environment>& environment) const {
  absl::StatusOr<Key> key =
      KeyFor(*directory_.Views(), "problem", problem, policy, {}, environment);
  if (!key.ok()) {
    // The lane may have become ready since the last look.
    key = KeyFor(*Lanes(), "problem", problem, policy, {}, environment);
    if (!key.ok()) return key.status();
  }
  return catalog_.Answer(FingerprintOf(*key));
}

absl::StatusOr<Decision> Tuner::FindDecision(uint64_t id) const { return store_.FindDecision(id); }

absl::StatusOr<Evidence> Tuner::LoadEvidence(uint64_t decision_id) const {
  return store_.LoadEvidence(decision_id);
}

absl::StatusOr<Job> Tuner::Resolve(TuneRequest request) const {
  if (request.verify && (request.again || !request.runners.empty())) {
    return absl::InvalidArgumentError(
        "verify: measures all runners of the op against the standing decision; leave out `again` "
        "and `runners`");
  }
  const std::shared_ptr<const LaneViews> lanes = Lanes();
  Job job;
  for (size_t i = 0; i < request.problems.size(); ++i) {
    absl::StatusOr<Key> key = KeyFor(*lanes, ProblemField(i), std::move(request.problems[i]),
                                     request.policy, request.runners, std::nullopt);
    if (!key.ok()) return key.status();
    JobItem& item = job.items.emplace_back();
    item.fingerprint = FingerprintOf(*key);
    item.key = *std::move(key);
  }
  job.request_id = std::move(request.request_id);
  job.client = std::move(request.client);
  job.runners = std::move(request.runners);
  job.again = request.again;
  job.verify = request.verify;
  job.created_unix_ms = clock_.UnixMillis();
  if (request.deadline_ms != 0) {
    job.deadline_unix_ms = job.created_unix_ms + static_cast<int64_t>(request.deadline_ms);
  }
  return job;
}

absl::StatusOr<std::optional<JobView>> Tuner::FindRequest(const Job& asked) const {
  MutexLock lock(mu_);
  const JobTable::Entry* entry = jobs_.FindRequest(asked.request_id);
  if (entry == nullptr) return std::nullopt;
  const int64_t age_ms = (clock_.NowNanos() - entry->created_ns) / 1'000'000;
  if (age_ms > options_.request_id_retention_ms) return std::nullopt;
  if (SameRequest(*entry->job, asked)) return ViewOf(*entry);
  return absl::FailedPreconditionError(
      absl::StrCat("request_id: '", asked.request_id, "' was used for job ", entry->job->id,
                   " with other content; choose a new one for a new request"));
}

DecisionPtr Tuner::AnswerOf(const Job& job, const JobItem& item,
                            int64_t decided_since_unix_ms) const {
  if (job.verify) return nullptr;  // A decision is what it asks about.
  DecisionPtr answer = catalog_.Answer(item.fingerprint);
  if (answer == nullptr || answer->created_unix_ms < decided_since_unix_ms) return nullptr;
  if (!job.runners.empty() && !RanksOneOf(*answer, job.runners)) return nullptr;
  return answer;
}

absl::Status Tuner::CheckTaken(const LaneViews& lanes, const Key& key) const {
  absl::Status measurable = CheckMeasurable(lanes, key);
  if (measurable.ok()) return measurable;
  const Fingerprint environment = FingerprintOf(key.environment);
  const int64_t now_ns = clock_.NowNanos();
  MutexLock lock(mu_);
  for (size_t i = 0; i < lanes.size(); ++i) {
    const bool probe_due = pauses_[i].failures > 0 && pauses_[i].until_ns <= now_ns;
    if (probe_due && lanes[i].Measures(key.problem.op, environment)) return absl::OkStatus();
  }
  return measurable;
}

absl::Status Tuner::Admit(const Job& job) const {
  size_t to_measure = 0;
  const std::shared_ptr<const LaneViews> lanes = directory_.Views();
  for (const JobItem& item : job.items) {
    if (IsTerminal(item.state)) continue;
    ++to_measure;
    if (absl::Status taken = CheckTaken(*lanes, item.key); !taken.ok()) return taken;
  }
  MutexLock lock(mu_);
  if (draining_) return absl::UnavailableError("the daemon is stopping; ask its successor");
  const size_t room = options_.max_queued_contests -
                      std::min(options_.max_queued_contests, scheduler_.QueuedCount());
  if (to_measure <= room) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("problems: ", to_measure, " to measure, but the queue has room for ", room,
                   " more contests (of ", options_.max_queued_contests, "); retry later"));
}

absl::StatusOr<JobView> Tuner::Tune(TuneRequest request) {
  absl::StatusOr<Job> job = Resolve(std::move(request));
  if (!job.ok()) return job.status();
  MutexLock write(write_mu_);
  absl::StatusOr<std::optional<JobView>> earlier = FindRequest(*job);
  if (!earlier.ok()) return earlier.status();
  if (earlier->has_value()) return **std::move(earlier);
  for (JobItem& item : job->items) {
    if (job->verify && catalog_.Find(item.fingerprint) == nullptr) {
      item.state = ContestState::kFailed;
      item.message = "it has no decision that could be verified; tune it first";
      continue;
    }
    const DecisionPtr answer = job->again ? nullptr : AnswerOf(*job, item, 0);
    if (answer == nullptr) continue;
    item.state = ContestState::kDecided;
    item.decision_id = answer->id;
    item.already_decided = true;
  }
  if (const absl::Status admitted = Admit(*job); !admitted.ok()) return admitted;
  return Take(*std::move(job));
}

absl::StatusOr<JobView> Tuner::Take(Job job) {
  const auto ended = [](const JobItem& item) { return IsTerminal(item.state); };
  if (std::all_of(job.items.begin(), job.items.end(), ended)) {
    job.state = JobState::kDone;
    job.ended_unix_ms = job.created_unix_ms;
  }
  {
    MutexLock lock(mu_);
    job.id = jobs_.NextId();
  }
  if (const absl::Status stored = store_.PutJob(job); !stored.ok()) {
    Report({TunerEvent::Kind::kStoreFailed, job.id, "", "", stored.ToString()});
    return absl::Status(stored.code(),
                        absl::StrCat("the job could not be stored: ", stored.message()));
  }
  const int64_t now_ns = clock_.NowNanos();
  const int64_t time_ms = job.deadline_unix_ms - job.created_unix_ms;
  const int64_t deadline_ns = job.deadline_unix_ms == 0 ? 0 : now_ns + time_ms * 1'000'000;
  JobView view;
  {
    MutexLock lock(mu_);
    if (!IsTerminal(job.state)) Queue(job);
    view = ViewOf(jobs_.Insert(std::make_shared<const Job>(std::move(job)), now_ns, deadline_ns));
    work_changed_.notify_all();
  }
  Report({TunerEvent::Kind::kJobTaken, view.job->id, "", "",
          absl::StrCat(view.job->items.size(), " problems for ", view.job->client)});
  return view;
}

absl::StatusOr<JobView> Tuner::GetJob(const std::string& id) const {
  MutexLock lock(mu_);
  const JobTable::Entry* entry = jobs_.Find(id);
  if (entry != nullptr) return ViewOf(*entry);
  return absl::NotFoundError(absl::StrCat("id: there is no job '", id,
                                          "'; ended ones are kept for ",
                                          options_.job_retention_ms / (24 * 3600 * 1000), " days"));
}

absl::StatusOr<JobView> Tuner::CancelJob(const std::string& id) {
  absl::StatusOr<JobView> view = GetJob(id);
  if (!view.ok() || IsTerminal(view->job->state)) return view;
  absl::Status stored;
  {
    MutexLock write(write_mu_);
    stored = EndJob(id, JobState::kCancelled, "cancelled");
  }
  if (stored.ok()) return GetJob(id);
  return absl::Status(stored.code(), absl::StrCat("the job is cancelled, but that could not be "
                                                  "stored yet: ",
                                                  stored.message()));
}

std::vector<JobView> Tuner::ListJobs(size_t limit) const {
  MutexLock lock(mu_);
  std::vector<JobView> views;
  for (const JobTable::Entry* entry : jobs_.Newest(limit)) views.push_back(ViewOf(*entry));
  return views;
}

std::shared_ptr<const LaneViews> Tuner::Lanes() const {
  directory_.Refresh();
  return directory_.Views();
}

uint64_t Tuner::Subscribe(const std::string& job_id, std::function<void()> wake) {
  return subscriptions_.Add(job_id, std::move(wake));
}

void Tuner::Unsubscribe(uint64_t id) { subscriptions_.Remove(id); }

void Tuner::Drain() {
  MutexLock lock(mu_);
  draining_ = true;
}

}  // namespace tactic
