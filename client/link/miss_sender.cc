#include "client/link/miss_sender.h"

#include <algorithm>
#include <utility>

#include "client/link/fork.h"
#include "client/link/tune_call.h"

namespace tactic::link {
namespace {

constexpr Millis kTurn{200};
constexpr Millis kCallDeadline{2'000};
constexpr size_t kMostMissesATurn = 256;
constexpr size_t kMostProblemsABatch = 512;
constexpr size_t kMostQueuedProblems = 4096;
constexpr size_t kMostRemembered = 65536;  // Beyond that, a problem may be asked for again.
constexpr size_t kMostWarnings = 1000;

Fingerprint IdentityOf(const Problem& problem, const MeasurementPolicy& policy) {
  return FingerprintOf(Key{problem, policy, {}});
}

Result<std::vector<Problem>> OneProblem(const Miss& miss) {
  auto problem = miss.op.ProblemOf(miss.shapes);
  if (!problem.ok()) return problem.error();
  return std::vector{std::move(problem).value()};
}

}  // namespace

MissSender::MissSender(std::string target, std::string client, Cache& cache, StatusBoard& board,
                       MissHooks hooks)
    : client_(std::move(client)),
      cache_(cache),
      board_(board),
      hooks_(std::move(hooks)),
      stub_(NewStub(target)),
      reporter_(client_),
      thread_([this] { Loop(); }) {}

MissSender::~MissSender() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    if (current_ != nullptr) current_->TryCancel();
    wake_.notify_all();
  }
  thread_.join();
}

uint64_t MissSender::EnterScope(bool tune) {
  std::lock_guard lock(mu_);
  Drain();
  scopes_.push_back({next_scope_, tune, {}});
  cache_.ForgetMisses();  // What missed before counts inside too.
  return next_scope_++;
}

void MissSender::LeaveScope(uint64_t id) {
  std::lock_guard lock(mu_);
  Drain();
  std::erase_if(scopes_, [id](const Scope& scope) { return scope.id == id; });
  cache_.ForgetMisses();  // What was not asked for inside may be outside.
}

ProblemsByPolicy MissSender::TakeAsked(uint64_t id) {
  std::lock_guard lock(mu_);
  Drain();
  for (Scope& scope : scopes_) {
    if (scope.id == id) return std::exchange(scope.asked, {});
  }
  return {};
}

void MissSender::Drain() {
  ProblemsByPolicy missing;
  for (const Miss& miss : cache_.DrainMisses(kMostMissesATurn)) {
    Warn(miss);
    Ask(miss, missing);
  }
  std::vector<MissCount> counts = cache_.TakeMissCounts();
  std::erase_if(counts, [&](const MissCount& miss) {
    return InTuningScope() || !hooks_.daemon_tunes(miss.op.spec().op);
  });
  reporter_.Add(counts);
  for (auto& [policy, problems] : missing) {
    for (Scope& scope : scopes_) {
      auto& asked = scope.asked[policy];
      asked.insert(asked.end(), problems.begin(), problems.end());
    }
    std::erase_if(problems,
                  [&](const Problem& problem) { return !hooks_.daemon_tunes(problem.op); });
    Enqueue(policy, std::move(problems));
  }
}

bool MissSender::InTuningScope() const { return !scopes_.empty() && scopes_.back().tune; }

void MissSender::Warn(const Miss& miss) {
  if (InTuningScope()) return;
  const auto problem = miss.op.ProblemOf(miss.shapes);
  if (!problem.ok() || warned_.size() >= kMostWarnings) return;
  const OpSpec& spec = miss.op.spec();
  if (!warned_.insert(IdentityOf(*problem, spec.policy)).second) return;
  std::string line = "tactic: no decision for " + ToText(*problem) + "; " + spec.runners[0].name +
                     " runs by default (tacticctl misses lists and tunes what missed)";
  if (warned_.size() == kMostWarnings) line += "; further ones are counted, not told";
  hooks_.log(line);
}

void MissSender::Ask(const Miss& miss, ProblemsByPolicy& out) {
  if (!scopes_.empty() && !scopes_.back().tune) return;
  const OpSpec& spec = miss.op.spec();
  auto profiles = scopes_.empty() ? OneProblem(miss) : miss.op.MissingProfiles(miss.shapes);
  if (!profiles.ok()) {
    board_.CountDropped(1);
    board_.Failed("a call of '" + spec.op + "' cannot be tuned: " + profiles.error().message);
    return;
  }
  auto& problems = out[spec.policy];
  problems.insert(problems.end(), profiles->begin(), profiles->end());
}

void MissSender::Enqueue(const MeasurementPolicy& policy, std::vector<Problem> problems) {
  if (asked_.size() > kMostRemembered) asked_.clear();
  std::erase_if(problems, [&](const Problem& problem) {
    return !asked_.insert(IdentityOf(problem, policy)).second;
  });
  for (size_t begin = 0; begin < problems.size(); begin += kMostProblemsABatch) {
    const size_t count = std::min(kMostProblemsABatch, problems.size() - begin);
    if (queued_problems_ + count > kMostQueuedProblems) {
      board_.CountDropped(problems.size() - begin);
      return;
    }
    const auto first = problems.begin() + static_cast<std::ptrdiff_t>(begin);
    queue_.push_back({policy, {first, first + static_cast<std::ptrdiff_t>(count)}, NewRequestId()});
    queued_problems_ += count;
    wake_.notify_all();
  }
}

void MissSender::Loop() {
  std::unique_lock lock(mu_);
  while (!stopping_) {
    Drain();
    bool daemon_answers = true;
    while (!stopping_ && daemon_answers && !queue_.empty()) {
      const Batch batch = queue_.front();
      lock.unlock();
      daemon_answers = Send(batch);
      lock.lock();
      if (!daemon_answers) break;
      queue_.pop_front();
      queued_problems_ -= batch.problems.size();
    }
    std::vector<v1::ReportMissesRequest> reports;
    if (board_.HearsDaemon()) reports = reporter_.TakeDue();
    lock.unlock();
    hooks_.turn();
    SendReports(reports);
    lock.lock();
    if (!stopping_) wake_.wait_for(lock, kTurn);
  }
}

bool MissSender::Send(const Batch& batch) {
  v1::TuneRequest request = MakeTuneRequest(client_, batch.problems, batch.policy);
  request.set_request_id(batch.request_id);
  v1::TuneResponse response;
  const grpc::Status status = Call(&v1::Tuning::Stub::Tune, request, response);
  if (status.ok()) {
    board_.CountSent();
    return true;
  }
  if (IsTransient(status)) return false;
  board_.CountDropped(batch.problems.size());
  board_.Failed("the daemon refused a request to tune: " + ToText(status));
  return true;
}

// Advisory: of a daemon that was heard just now and does not take them, the rest is dropped.
void MissSender::SendReports(const std::vector<v1::ReportMissesRequest>& reports) {
  for (const v1::ReportMissesRequest& report : reports) {
    v1::ReportMissesResponse response;
    const grpc::Status status = Call(&v1::Tuning::Stub::ReportMisses, report, response);
    if (!status.ok()) return;
    board_.CountReported(response.taken());
  }
}

template <typename Request, typename Response>
grpc::Status MissSender::Call(grpc::Status (v1::Tuning::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                              const Request& request, Response& response) {
  if (const char* why = WhyNoConnection(); why != nullptr) {
    return {grpc::StatusCode::UNAVAILABLE, why};
  }
  grpc::ClientContext context;
  SetDeadline(context, kCallDeadline);
  {
    std::lock_guard lock(mu_);
    if (stopping_) return {grpc::StatusCode::CANCELLED, "the client is ending"};
    current_ = &context;
  }
  const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
  {
    std::lock_guard lock(mu_);
    current_ = nullptr;
  }
  return status;
}

}  // namespace tactic::link
