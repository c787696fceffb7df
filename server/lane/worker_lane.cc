#include "server/lane/worker_lane.h"

#include <poll.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/core/status.h"
#include "server/core/status_macros.h"
#include "server/lane/progress.h"

namespace tactic {
namespace {

// The op's runners that take part, in the op's order.
absl::StatusOr<std::vector<RunnerId>> RunnersOf(const LaneInfo& lane, const ContestSpec& spec) {
  const OpInfo* op = lane.FindOp(spec.key.problem.op);
  if (op == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("problem.op: lane ", lane.name, " has no op '", spec.key.problem.op, "'"));
  }
  std::vector<RunnerId> runners;
  for (const RunnerId& runner : op->runners) {
    if (spec.runners.empty() || std::count(spec.runners.begin(), spec.runners.end(), runner.name)) {
      runners.push_back(runner);
    }
  }
  if (runners.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "runners: op ", spec.key.problem.op, " has none of ", absl::StrJoin(spec.runners, ", ")));
  }
  return runners;
}

absl::Status Stopped() { return absl::CancelledError("the contest was stopped"); }

double SecondsSince(int64_t start_ns) {
  return static_cast<double>(SystemClock().NowNanos() - start_ns) * 1e-9;
}

// False: a stop was requested first.
bool WaitUnlessStopped(absl::Duration duration, const StopSignal& stop) {
  const int64_t until_ns = SystemClock().NowNanos() + absl::ToInt64Nanoseconds(duration);
  while (!stop.requested()) {
    const int64_t left_ms = (until_ns - SystemClock().NowNanos() + 999'999) / 1'000'000;
    if (left_ms <= 0) return true;
    pollfd wake = {stop.fd(), POLLIN, 0};
    poll(&wake, 1, static_cast<int>(left_ms));
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerLane>> WorkerLane::Start(WorkerLaneOptions options) {
  std::unique_ptr<WorkerLane> lane(new WorkerLane(std::move(options)));
  const StopSignal never{std::stop_token()};
  absl::StatusOr<WorkerFacts> facts = lane->StartWorker(never);
  if (!facts.ok()) {
    return WithContext(absl::StrCat("lane ", lane->options_.device), facts.status());
  }
  {
    MutexLock lock(lane->mu_);
    lane->info_.device = facts->device;
    lane->info_.driver = facts->driver;
    lane->info_.runtime = facts->runtime;
    lane->info_.ops = facts->ops;
    lane->info_.self_check = facts->self_check;
  }
  lane->facts_ = *std::move(facts);
  lane->SetState(LaneState::kReady, "");
  return lane;
}

WorkerLane::WorkerLane(WorkerLaneOptions options)
    : options_(std::move(options)), budget_(options_.budget) {
  info_.name = options_.device;
}

WorkerLane::~WorkerLane() { Discard(); }

LaneInfo WorkerLane::Info() const {
  MutexLock lock(mu_);
  LaneInfo info = info_;
  if (info.state != LaneState::kReady || process_ == nullptr) return info;
  if (const std::optional<ExitStatus> ended = process_->Wait(absl::ZeroDuration())) {
    info.state = LaneState::kStarting;
    info.message = absl::StrCat("the worker ended between contests (", ToText(*ended),
                                "); the next one starts another");
  }
  return info;
}

void WorkerLane::SetState(LaneState state, std::string message) {
  MutexLock lock(mu_);
  info_.state = state;
  info_.message = std::move(message);
}

void WorkerLane::Log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

void WorkerLane::Discard() {
  if (link_ == nullptr) return;
  std::shared_ptr<Process> process;
  {
    MutexLock lock(mu_);
    process = std::move(process_);
    process_ = nullptr;
  }
  process->Kill();
  if (!process->Wait(options_.reap)) wedged_ = process;
  link_->output().Reset();
  link_.reset();
}

absl::Status WorkerLane::CheckWedged() {
  if (wedged_ == nullptr) return absl::OkStatus();
  if (wedged_->Wait(absl::ZeroDuration())) {
    wedged_.reset();
    return absl::OkStatus();
  }
  const std::string message = absl::StrCat(
      "device wedged: worker process ", wedged_->pid(),
      " was killed and does not end; no other is started on this device until it does");
  Log(message);
  SetState(LaneState::kQuarantined, message);
  return absl::UnavailableError(message);
}

absl::StatusOr<WorkerFacts> WorkerLane::StartWorker(const StopSignal& stop) {
  Command command;
  command.program = options_.worker;
  command.arguments = {absl::StrCat("--device=", options_.device),
                       absl::StrCat("--channel-fd=", kChildChannelFd),
                       absl::StrCat("--journal-fd=", kChildJournalFd)};
  command.memory_limit_bytes = options_.memory_limit_bytes;
  ASSIGN_OR_RETURN(std::shared_ptr<Process> process, Process::Spawn(command));
  {
    MutexLock lock(mu_);
    process_ = process;
  }
  const std::string prefix = absl::StrCat("worker ", process->pid(), ": ");
  link_ = std::make_unique<Link>(std::move(process),
                                 [this, prefix](const std::string& line) { Log(prefix + line); });
  absl::StatusOr<WorkerFacts> facts = AwaitReady(stop);
  if (!facts.ok()) Discard();
  return facts;
}

absl::StatusOr<WorkerFacts> WorkerLane::AwaitReady(const StopSignal& stop) {
  const std::string who = absl::StrCat("worker '", options_.worker, "'");
  const int64_t started_ns = SystemClock().NowNanos();
  while (true) {
    const absl::Duration left = options_.ready - absl::Seconds(SecondsSince(started_ns));
    link_->Wait(std::max(left, absl::ZeroDuration()), stop.fd());
    absl::StatusOr<std::optional<v1::FromWorker>> message = link_->Next();
    if (!message.ok()) return WithContext(who, message.status());
    if (message->has_value() && (*message)->has_ready()) {
      absl::StatusOr<WorkerFacts> facts = ParseReady((*message)->ready());
      return facts.ok() ? facts : WithContext(who, facts.status());
    }
    if (message->has_value()) {
      return absl::DataLossError(absl::StrCat(who, " did not begin with Ready"));
    }
    if (stop.requested()) return Stopped();
    if (link_->ended()) {
      const std::optional<ExitStatus> status = link_->process().Wait(options_.reap);
      link_->output().Reset();
      const std::string& printed = link_->output().last_line();
      return absl::UnavailableError(absl::StrCat(who, " ended before it was ready",
                                                 status ? ": " + ToText(*status) : "",
                                                 printed.empty() ? "" : "; it printed: ", printed));
    }
    if (left <= absl::ZeroDuration()) {
      return absl::UnavailableError(
          absl::StrCat(who, " was not ready within ", absl::FormatDuration(options_.ready)));
    }
  }
}

absl::Status WorkerLane::CountDeath(const std::string& why) {
  Log(absl::StrCat("lane ", options_.device, ": ", why));
  if (!budget_.AddDeath(options_.clock->NowNanos())) return absl::OkStatus();
  const std::string message =
      absl::StrCat("lane ", options_.device, " is quarantined after ", options_.budget.deaths,
                   " deaths of its worker within ", absl::FormatDuration(options_.budget.window),
                   " that no candidate is to blame for; one start is tried every ",
                   absl::FormatDuration(options_.budget.probe), "; the last: ", why);
  Log(message);
  SetState(LaneState::kQuarantined, message);
  return absl::UnavailableError(message);
}

absl::Status WorkerLane::EnsureWorker(const StopSignal& stop) {
  if (link_ != nullptr) {
    link_->Wait(absl::ZeroDuration(), -1);
    if (!link_->ended()) return absl::OkStatus();
    const std::optional<ExitStatus> status = link_->process().Wait(options_.reap);
    Discard();
    RETURN_IF_ERROR(CountDeath(
        absl::StrCat("the worker ended between contests", status ? ": " + ToText(*status) : "")));
  }
  return Replace(stop);
}

absl::Status WorkerLane::Replace(const StopSignal& stop) {
  RETURN_IF_ERROR(CheckWedged());
  while (true) {
    const int64_t now_ns = options_.clock->NowNanos();
    if (!budget_.MayStart(now_ns)) return absl::UnavailableError(Info().message);
    if (!WaitUnlessStopped(budget_.Backoff(now_ns), stop)) return Stopped();
    const absl::StatusOr<WorkerFacts> facts = StartWorker(stop);
    if (facts.ok()) return CheckSame(*facts);
    if (stop.requested()) return Stopped();
    RETURN_IF_ERROR(CheckWedged());
    RETURN_IF_ERROR(CountDeath(std::string(facts.status().message())));
  }
}

absl::Status WorkerLane::CheckSame(const WorkerFacts& now) {
  const std::string difference = Difference(*facts_, now);
  if (difference.empty()) {
    MutexLock lock(mu_);
    ++info_.worker_restarts;
    info_.self_check = now.self_check;
    return absl::OkStatus();
  }
  Discard();
  budget_.Quarantine(options_.clock->NowNanos());
  const std::string message =
      absl::StrCat("lane ", options_.device,
                   " is quarantined: its environment is not the one it started with: ", difference,
                   "; restart the daemon to measure in the new one");
  Log(message);
  SetState(LaneState::kQuarantined, message);
  return absl::UnavailableError(message);
}

absl::Status WorkerLane::AfterDeath(Contest& contest, const Death& death) {
  Discard();
  if (contest.AddDeath(death)) {
    Log(absl::StrCat("lane ", options_.device, ": ", contest.last_finding()));
  } else {
    RETURN_IF_ERROR(CountDeath(contest.last_finding()));
  }
  return contest.GoOn();
}

void WorkerLane::Note(const Ending& ending) {
  for (const std::string& seen : ending.disturbances) {
    Log(absl::StrCat("lane ", options_.device, ": during the contest ", seen));
  }
  if (!ending.worn_out.empty()) {
    Log(absl::StrCat("lane ", options_.device, ": the worker is replaced: ", ending.worn_out));
    Discard();
  }
  MutexLock lock(mu_);
  info_.disturbances = ending.disturbances;
}

absl::StatusOr<ContestResult> WorkerLane::RunContest(
    Contest& contest, const StopSignal& stop,
    absl::FunctionRef<void(const v1::WorkerProgress&)> progress) {
  const int64_t started_ns = SystemClock().NowNanos();
  while (true) {
    RETURN_IF_ERROR(EnsureWorker(stop));
    if (stop.requested()) return Stopped();
    SetState(LaneState::kBusy, "");
    Ending ending = Conversation(*link_, contest, options_.limits, stop, progress).Run();
    switch (ending.kind) {
      case Ending::Kind::kFinished:
        Note(ending);
        return contest.record().ToResult();
      case Ending::Kind::kCannotRun:
        return absl::InvalidArgumentError(ending.detail);
      case Ending::Kind::kCancelled:
        if (!ending.detail.empty()) Discard();
        return Stopped();
      case Ending::Kind::kDied:
        if (stop.requested()) {
          Discard();
          return Stopped();
        }
        RETURN_IF_ERROR(AfterDeath(contest, ending.death));
        contest.SetSpent(SecondsSince(started_ns));
    }
    if (std::optional<std::string> worn_out = contest.WornOut()) {
      ContestResult result = contest.record().ToResult();
      result.failure = *std::move(worn_out);
      return result;
    }
  }
}

absl::StatusOr<ContestResult> WorkerLane::Run(
    const ContestSpec& spec, std::stop_token stop,
    absl::FunctionRef<void(const ContestProgress&)> progress) {
  const int64_t started_ns = SystemClock().NowNanos();
  ASSIGN_OR_RETURN(std::vector<RunnerId> runners, RunnersOf(Info(), spec));
  const StopSignal signal(std::move(stop));
  Contest contest(spec, std::move(runners), next_run_, options_.operand_limit_bytes);
  const auto report = [&](const v1::WorkerProgress& message) {
    ContestProgress now = ProgressOf(contest, message);
    now.lane = options_.device;
    now.elapsed_seconds = SecondsSince(started_ns);
    progress(now);
  };
  absl::StatusOr<ContestResult> result = RunContest(contest, signal, report);
  next_run_ += contest.epoch() + 1;
  if (link_ != nullptr) {
    link_->output().Reset();
    // The worker has held a conversation to its end: whatever was wrong is over.
    if (budget_.quarantined()) budget_.Forgive();
  }
  if (result.ok()) {
    result->evidence.worker_restarts = contest.epoch();
    result->evidence.seconds = SecondsSince(started_ns);
  }
  MutexLock lock(mu_);
  if (result.ok()) ++info_.contests;
  if (info_.state == LaneState::kBusy) info_.state = LaneState::kReady;
  return result;
}

}  // namespace tactic
