// The Tuner's jobs: how they change, how they survive a restart, and what time does to them.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/tuner.h"

namespace tactic {
namespace {

bool AllEnded(const Job& job) {
  return std::all_of(job.items.begin(), job.items.end(),
                     [](const JobItem& item) { return IsTerminal(item.state); });
}

Scheduler::Subject SubjectOf(const Job& job, size_t item) {
  return {job.items[item].fingerprint, job.runners, job.verify};
}

// `job` ends in `state`, and with it what it still waited for.
void End(Job& job, JobState state, const std::string& message, int64_t now_unix_ms) {
  if (!Move(job.state, state)) return;
  job.message = message;
  job.ended_unix_ms = now_unix_ms;
  for (JobItem& item : job.items) {
    if (Move(item.state, ContestState::kAbandoned)) item.message = message;
  }
}

// When a job of an earlier run was made, on the clock of this one.
int64_t CreatedNanos(const Job& job, const Clock& clock) {
  const int64_t age_ms = std::max<int64_t>(0, clock.UnixMillis() - job.created_unix_ms);
  return clock.NowNanos() - age_ms * 1'000'000;
}

// For the whole job, from what its contests took so far. 0 = unknown.
double SecondsLeft(const JobTable::Entry& entry, const std::vector<JobView::Running>& running,
                   size_t queued) {
  double each = entry.measured == 0 ? 0 : entry.measured_seconds / entry.measured;
  double left = 0;
  for (const JobView::Running& now : running) {
    const ContestProgress& progress = now.progress;
    if (each == 0 && progress.seconds_left > 0) {
      each = progress.elapsed_seconds + progress.seconds_left;
    }
    left =
        std::max(left, progress.seconds_left > 0 ? progress.seconds_left
                                                 : std::max(0.0, each - progress.elapsed_seconds));
  }
  if (each == 0) return 0;
  return left + each * static_cast<double>(queued) /
                    static_cast<double>(std::max<size_t>(1, running.size()));
}

}  // namespace

absl::Status Tuner::Restore() {
  absl::StatusOr<std::vector<Job>> jobs = store_.LoadJobs();
  if (!jobs.ok()) return jobs.status();
  MutexLock write(write_mu_);
  // First: which decisions answer depends on them.
  if (absl::Status shown = ShowBans(); !shown.ok()) return shown;
  for (const Job& job : *jobs) {
    if (!IsTerminal(job.state)) {
      Resume(job);
      continue;
    }
    MutexLock lock(mu_);
    jobs_.Insert(std::make_shared<const Job>(job), CreatedNanos(job, clock_), 0);
  }
  return absl::OkStatus();
}

void Tuner::Resume(const Job& stored) {
  const int64_t now_unix_ms = clock_.UnixMillis();
  Job job = stored;
  bool found = false;
  for (JobItem& item : job.items) {
    if (IsTerminal(item.state)) continue;
    item.state = ContestState::kQueued;
    const DecisionPtr answer = AnswerOf(job, item, job.again ? job.created_unix_ms : 0);
    if (answer == nullptr || !Move(item.state, ContestState::kDecided)) continue;
    item.decision_id = answer->id;
    item.already_decided = answer->created_unix_ms < job.created_unix_ms;
    found = true;
  }
  if (AllEnded(job)) {
    End(job, JobState::kDone, "", now_unix_ms);
  } else if (job.deadline_unix_ms != 0 && job.deadline_unix_ms <= now_unix_ms) {
    End(job, JobState::kExpired, "the deadline passed while the daemon was down", now_unix_ms);
  }
  const bool ended = IsTerminal(job.state);
  // What was found is stored now: its item will not end again.
  const absl::Status kept = ended || found ? store_.PutJob(job) : absl::OkStatus();
  if (!kept.ok()) Report({TunerEvent::Kind::kStoreFailed, job.id, "", "", kept.ToString()});
  const int64_t left_ms = job.deadline_unix_ms - now_unix_ms;
  const auto shown = std::make_shared<const Job>(std::move(job));
  MutexLock lock(mu_);
  jobs_.Insert(shown, CreatedNanos(*shown, clock_),
               shown->deadline_unix_ms == 0 ? 0 : clock_.NowNanos() + left_ms * 1'000'000);
  jobs_.MarkStored(shown->id, kept.ok());
  if (!ended) Queue(*shown);
}

void Tuner::Queue(const Job& job) {
  for (size_t i = 0; i < job.items.size(); ++i) {
    const JobItem& item = job.items[i];
    if (IsTerminal(item.state)) continue;
    scheduler_.Add(item.key, SubjectOf(job, i), {job.id, i, job.client});
  }
}

JobView Tuner::ViewOf(const JobTable::Entry& entry) const {
  JobView view;
  view.job = entry.job;
  view.version = entry.version;
  if (IsTerminal(entry.job->state)) return view;
  size_t queued = 0;
  for (size_t i = 0; i < entry.job->items.size(); ++i) {
    const JobItem& item = entry.job->items[i];
    if (item.state == ContestState::kQueued) ++queued;
    if (item.state != ContestState::kRunning) continue;
    const Scheduler::Contest* contest = scheduler_.Find(SubjectOf(*entry.job, i));
    if (contest != nullptr) view.running.push_back({i, contest->progress});
  }
  view.seconds_left = SecondsLeft(entry, view.running, queued);
  return view;
}

absl::Status Tuner::Change(const std::string& id, Persist persist,
                           absl::FunctionRef<void(Job&)> change) {
  JobPtr before;
  {
    MutexLock lock(mu_);
    const JobTable::Entry* entry = jobs_.Find(id);
    if (entry == nullptr) return absl::NotFoundError(absl::StrCat("there is no job ", id));
    before = entry->job;
    // What the store refused before must not be missing from a job that is stored as ended.
    if (persist.what == Persist::What::kItem && !jobs_.IsStored(id))
      persist = {Persist::What::kJob};
  }
  auto after = std::make_shared<Job>(*before);
  change(*after);
  absl::Status stored;
  if (persist.what == Persist::What::kItem) stored = store_.UpdateJobItem(*after, persist.item);
  if (persist.what == Persist::What::kJob) stored = store_.PutJob(*after);
  const bool ends = IsTerminal(after->state) && !IsTerminal(before->state);
  const std::string detail = after->message;
  {
    MutexLock lock(mu_);
    jobs_.Replace(std::move(after));
    if (!stored.ok() || persist.what == Persist::What::kJob) jobs_.MarkStored(id, stored.ok());
  }
  if (!stored.ok()) Report({TunerEvent::Kind::kStoreFailed, id, "", "", stored.ToString()});
  if (ends) Report({TunerEvent::Kind::kJobEnded, id, "", "", detail});
  subscriptions_.Wake(id);
  return stored;
}

absl::Status Tuner::EndJob(const std::string& id, JobState state, const std::string& message) {
  std::vector<std::stop_source> nobody_waits;
  {
    MutexLock lock(mu_);
    const JobTable::Entry* entry = jobs_.Find(id);
    if (entry == nullptr || IsTerminal(entry->job->state)) return absl::OkStatus();
    const Job& job = *entry->job;
    for (size_t i = 0; i < job.items.size(); ++i) {
      if (IsTerminal(job.items[i].state)) continue;
      std::optional<std::stop_source> stop = scheduler_.Detach(SubjectOf(job, i), id, i);
      if (stop) nobody_waits.push_back(*std::move(stop));
    }
  }
  for (std::stop_source& stop : nobody_waits) stop.request_stop();
  return Change(id, {Persist::What::kJob},
                [&](Job& job) { End(job, state, message, clock_.UnixMillis()); });
}

void Tuner::Tick() {
  directory_.Refresh();
  MutexLock write(write_mu_);
  if (store_in_doubt_) static_cast<void>(Reconcile());  // Said in the log; tried again.
  std::vector<std::string> expired;
  std::vector<JobPtr> unstored;
  {
    MutexLock lock(mu_);
    expired = jobs_.PastDeadline(clock_.NowNanos());
    unstored = jobs_.Unstored();
  }
  for (const JobPtr& job : unstored) {
    static_cast<void>(Change(job->id, {Persist::What::kJob}, [](Job&) {}));  // Likewise.
  }
  for (const std::string& id : expired) {
    static_cast<void>(EndJob(id, JobState::kExpired, "the deadline passed"));
  }
  FailUnmeasurable();
  ForgetOldJobs();
  MutexLock lock(mu_);
  work_changed_.notify_all();
}

void Tuner::FailUnmeasurable() {
  const std::shared_ptr<const LaneViews> lanes = directory_.Views();
  std::vector<std::pair<std::string, std::string>> failed;  // Job, why.
  {
    MutexLock lock(mu_);
    for (const Scheduler::Contest* contest : scheduler_.Queued()) {
      const std::optional<std::string> why =
          WhyUnmeasurable(*lanes, contest->key.problem.op, contest->environment);
      if (!why) continue;
      for (const Scheduler::Waiter& waiter : contest->waiters) {
        failed.emplace_back(waiter.job, *why);
      }
    }
  }
  for (const auto& [job, why] : failed) static_cast<void>(EndJob(job, JobState::kFailed, why));
}

void Tuner::ForgetOldJobs() {
  int64_t before = 0;
  {
    MutexLock lock(mu_);
    before = jobs_.ForgetBefore(clock_.UnixMillis() - options_.job_retention_ms,
                                options_.max_ended_items);
  }
  if (before == 0) return;
  const absl::Status deleted = store_.DeleteJobsEndedBefore(before);
  if (!deleted.ok()) {
    Report({TunerEvent::Kind::kStoreFailed, "", "", "", deleted.ToString()});
    return;
  }
  MutexLock lock(mu_);
  jobs_.Forget(before);
}

void Tuner::Report(TunerEvent event) const {
  if (options_.on_event) options_.on_event(event);
}

}  // namespace tactic
