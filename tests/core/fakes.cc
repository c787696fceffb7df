#include "tests/core/fakes.h"

#include <utility>

#include "tests/support/samples.h"

namespace tactic::testing {

int64_t FakeClock::NowNanos() const {
  const std::lock_guard lock(mu_);
  return ms_ * 1'000'000;
}

int64_t FakeClock::UnixMillis() const {
  const std::lock_guard lock(mu_);
  return 1'700'000'000'000 + ms_;
}

void FakeClock::Advance(int64_t ms) {
  const std::lock_guard lock(mu_);
  ms_ += ms;
}

FakeLane::FakeLane(std::string name) {
  info_.name = std::move(name);
  info_.state = LaneState::kReady;
  info_.device = SampleEnvironment().device;
  OpInfo& gemm = info_.ops.emplace_back();
  gemm.schema = GemmSchema();
  gemm.runners = {SampleCandidate(0).runner, SampleCandidate(-1).runner};
  gemm.components = SampleEnvironment().components;
}

LaneInfo FakeLane::Info() const {
  const std::lock_guard lock(mu_);
  return info_;
}

void FakeLane::ChangeInfo(const std::function<void(LaneInfo&)>& change) {
  const std::lock_guard lock(mu_);
  change(info_);
}

absl::StatusOr<ContestResult> FakeLane::Run(
    const ContestSpec& spec, std::stop_token stop,
    absl::FunctionRef<void(const ContestProgress&)> progress) {
  std::unique_lock lock(mu_);
  ++runs_;
  started_.push_back(spec);
  changed_.notify_all();
  const std::stop_token token = ignore_stop_ ? std::stop_token() : stop;
  while (true) {
    changed_.wait(lock, token,
                  [&] { return answer_all_ || !answers_.empty() || !reports_.empty(); });
    if (token.stop_requested()) return absl::CancelledError("stopped");
    if (!reports_.empty()) {
      const ContestProgress report = std::move(reports_.front());
      reports_.pop_front();
      lock.unlock();
      progress(report);
      lock.lock();
      continue;
    }
    if (answer_all_) return GoodResult();
    absl::StatusOr<ContestResult> answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
}

ContestSpec FakeLane::AwaitRun() {
  std::unique_lock lock(mu_);
  changed_.wait(lock, [&] { return !started_.empty(); });
  ContestSpec spec = std::move(started_.front());
  started_.pop_front();
  return spec;
}

void FakeLane::Answer(absl::StatusOr<ContestResult> result) {
  const std::lock_guard lock(mu_);
  answers_.push_back(std::move(result));
  changed_.notify_all();
}

void FakeLane::Report(const ContestProgress& progress) {
  const std::lock_guard lock(mu_);
  reports_.push_back(progress);
  changed_.notify_all();
}

void FakeLane::AnswerAll() {
  const std::lock_guard lock(mu_);
  answer_all_ = true;
  changed_.notify_all();
}

void FakeLane::IgnoreStop() {
  const std::lock_guard lock(mu_);
  ignore_stop_ = true;
}

size_t FakeLane::runs() const {
  const std::lock_guard lock(mu_);
  return runs_;
}

ContestResult GoodResult() {
  ContestResult result;
  result.ranking = {{SampleCandidate(1), 100, 99, 101}, {SampleCandidate(-1), 150, 148, 152}};
  result.default_ns = 200;
  result.reason = Reason::kClear;
  result.tied = 1;
  result.evidence = SampleEvidence();
  return result;
}

void FaultyStore::Set(Fault& which, Fault fault) {
  const std::lock_guard lock(mu_);
  which = fault;
}

Fault FaultyStore::Get(const Fault& which) const {
  const std::lock_guard lock(mu_);
  return which;
}

void FaultyStore::FailPutContest(Fault fault) { Set(put_contest_, fault); }
void FaultyStore::FailPutJob(Fault fault) { Set(put_job_, fault); }
void FaultyStore::FailUpdateJobItem(Fault fault) { Set(update_job_item_, fault); }
void FaultyStore::FailLoadDecisions(Fault fault) { Set(load_decisions_, fault); }

void FaultyStore::FailPutBan(Fault fault) { Set(put_ban_, fault); }
void FaultyStore::FailLoadBans(Fault fault) { Set(load_bans_, fault); }
void FaultyStore::DamageBans(uint64_t count) {
  const std::lock_guard lock(mu_);
  damaged_bans_ += count;
}

absl::Status FaultyStore::PutBan(const Ban& ban) {
  const Fault fault = Get(put_ban_);
  if (fault == Fault::kRefuse) return absl::InternalError("disk on fire");
  const absl::Status stored = store_.PutBan(ban);
  if (fault == Fault::kStoreAndFail) return absl::InternalError("disk on fire, or not");
  return stored;
}

absl::StatusOr<std::vector<Ban>> FaultyStore::LoadBans(uint64_t& damaged) {
  if (Get(load_bans_) != Fault::kNone) return absl::InternalError("cannot read");
  const std::lock_guard lock(mu_);
  damaged += damaged_bans_;
  return store_.LoadBans(damaged);
}

absl::StatusOr<std::optional<Decision>> FaultyStore::PutContest(
    const Key& key, const std::optional<Decision>& decision, const Evidence& evidence) {
  const Fault fault = Get(put_contest_);
  if (fault == Fault::kRefuse) return absl::InternalError("disk on fire");
  auto stored = store_.PutContest(key, decision, evidence);
  if (fault == Fault::kStoreAndFail) return absl::InternalError("disk on fire, or not");
  return stored;
}

absl::StatusOr<std::vector<std::optional<Decision>>> FaultyStore::AddContests(
    const std::vector<StoredContest>& contests) {
  const Fault fault = Get(put_contest_);
  if (fault == Fault::kRefuse) return absl::InternalError("disk on fire");
  auto stored = store_.AddContests(contests);
  if (fault == Fault::kStoreAndFail) return absl::InternalError("disk on fire, or not");
  return stored;
}

absl::StatusOr<std::vector<Decision>> FaultyStore::LoadDecisions() {
  if (Get(load_decisions_) != Fault::kNone) return absl::InternalError("cannot read");
  return store_.LoadDecisions();
}

absl::Status FaultyStore::PutJob(const Job& job) {
  if (Get(put_job_) != Fault::kNone) return absl::ResourceExhaustedError("disk full");
  return store_.PutJob(job);
}

absl::Status FaultyStore::UpdateJobItem(const Job& job, size_t index) {
  if (Get(update_job_item_) != Fault::kNone) return absl::ResourceExhaustedError("disk full");
  return store_.UpdateJobItem(job, index);
}

}  // namespace tactic::testing
