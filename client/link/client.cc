#include "tactic/client.h"

#include <algorithm>
#include <cstdio>

#include "client/link/connection.h"
#include "client/link/fork.h"
#include "client/link/miss_sender.h"
#include "client/link/status_board.h"
#include "client/link/strict_bans.h"
#include "client/link/tune_call.h"
#include "client/link/watcher.h"

namespace tactic {
namespace {

// One job each: well below the request limits, whatever the problems are.
constexpr size_t kMostProblemsAJob = 1024;

void Merge(const TuneOutcome& part, TuneOutcome& whole) {
  whole.finished = whole.finished && part.finished;
  whole.decided += part.decided;
  whole.failed += part.failed;
  if (whole.message.empty()) whole.message = part.message;
}

TuneOutcome NotTuned(const std::vector<Problem>& local) {
  TuneOutcome outcome;
  outcome.message = "op " + local.front().op +
                    " lives in this program only; give the scope a LocalTuner (tactic/lease.h)";
  return outcome;
}

void WriteToStderr(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

}  // namespace

std::string DefaultTarget() { return link::ResolveTarget(""); }

struct Client::State {
  State(ClientOptions given, std::string to, std::string as)
      : target(std::move(to)),
        name(std::move(as)),
        stub(link::NewStub(target)),
        strict_bans(given.strict_ban_age, cache, board),
        watcher(
            {target, std::move(given.environments), given.silence, [this] { strict_bans.Look(); }},
            cache, board),
        sender(target, name, cache, board,
               {.daemon_tunes = [this](const std::string& op) { return watcher.DaemonTunes(op); },
                .log = given.log ? std::move(given.log) : WriteToStderr,
                .turn = [this] { strict_bans.Look(); }}) {}

  const link::ConnectedObject connected;
  const std::string target;
  const std::string name;
  Cache cache;
  link::StatusBoard board;
  const std::unique_ptr<v1::Tuning::Stub> stub;  // Of calls that a user waits for.
  link::StrictBans strict_bans;
  link::Watcher watcher;
  link::MissSender sender;  // Last: its thread uses the watcher.
};

Client::Client(ClientOptions options) {
  std::string target = link::ResolveTarget(options.target);
  std::string name = options.name.empty() ? link::DefaultClientName() : options.name;
  state_ = std::make_unique<State>(std::move(options), std::move(target), std::move(name));
}

// What a forked child inherits is left alone: its threads cannot be joined here.
Client::~Client() {
  if (Inherited()) link::LeaveBehind(state_.release());
}

bool Client::Inherited() const { return state_->connected.Inherited(); }

Result<OpHandle> Client::Register(OpSpec spec) { return state_->cache.Register(std::move(spec)); }

Cache& Client::cache() { return state_->cache; }

bool Client::WaitUntilReady(std::chrono::milliseconds timeout) {
  return !Inherited() && state_->board.WaitUntilReady(timeout);
}

TuneOutcome Client::Tune(const std::vector<Problem>& problems, const MeasurementPolicy& policy,
                         std::chrono::milliseconds timeout) {
  const link::TimeLimit limit(timeout);
  TuneOutcome outcome;
  if (const char* why = WhyNotConnected(); why != nullptr) {
    outcome.message = why;
    return outcome;
  }
  outcome.finished = true;
  for (size_t begin = 0; begin < problems.size(); begin += kMostProblemsAJob) {
    const size_t end = std::min(problems.size(), begin + kMostProblemsAJob);
    const std::vector<Problem> part(problems.begin() + static_cast<std::ptrdiff_t>(begin),
                                    problems.begin() + static_cast<std::ptrdiff_t>(end));
    v1::TuneRequest request = link::MakeTuneRequest(state_->name, part, policy);
    Merge(link::TuneAndWait(*state_->stub, state_->board, state_->cache, std::move(request), limit),
          outcome);
    if (!outcome.finished) break;
  }
  return outcome;
}

const char* Client::WhyNotConnected() const {
  return Inherited() ? link::kInheritedClient : link::WhyNoConnection();
}

void Client::SetLocalOps(std::vector<LocalOp> ops) {
  if (!Inherited()) state_->watcher.SetLocalOps(std::move(ops));
}

TablePosition Client::Pin() {
  return Inherited() ? TablePosition() : state_->watcher.stage().Pin();
}

Check Client::Advance(const TablePosition& to) {
  if (Inherited()) return Error{ErrorCode::kFailedPrecondition, link::kInheritedClient};
  return state_->watcher.stage().Advance(to);
}

void Client::Unpin() {
  if (Inherited()) return;
  if (!state_->watcher.stage().Unpin()) state_->watcher.StartOver();
}

TablePosition Client::Position() const {
  return Inherited() ? TablePosition() : state_->watcher.stage().Position();
}

TablePosition Client::Newest() const {
  return Inherited() ? TablePosition() : state_->watcher.stage().Newest();
}

link::Watcher& Client::watcher() { return state_->watcher; }

const std::string& Client::target() const { return state_->target; }

const std::string& Client::name() const { return state_->name; }

bool Client::WaitForRevision(uint64_t revision, std::chrono::milliseconds timeout) {
  return !Inherited() && state_->board.WaitForRevision(revision, timeout);
}

ClientStatistics Client::Statistics() const {
  ClientStatistics statistics;
  if (Inherited()) {
    statistics.last_error = link::kInheritedClient;
  } else {
    state_->board.Fill(statistics);
  }
  statistics.cache = state_->cache.Statistics();
  return statistics;
}

StatisticsByOp Client::ByOp() const { return state_->cache.ByOp(); }

uint64_t Client::EnterScope(bool tune) { return Inherited() ? 0 : state_->sender.EnterScope(tune); }

TuningScope::TuningScope(Client& client, bool tune)
    : client_(client), id_(client.EnterScope(tune)) {}

TuningScope::TuningScope(Client& client, LocalTuner& local)
    : client_(client), local_(&local), id_(client.EnterScope(/*tune=*/true)) {}

TuningScope::~TuningScope() {
  if (!client_.Inherited())
    client_.state_->sender.LeaveScope(id_);  // First: what missed inside is expanded by its rules.
  if (overrides_ != 0) client_.cache().DropOverrides(overrides_);
}

Check TuningScope::Override(ProfileOverrides overrides) {
  const auto added = client_.cache().AddOverrides(std::move(overrides));
  if (!added.ok()) return added.error();
  if (overrides_ != 0) client_.cache().DropOverrides(overrides_);
  overrides_ = *added;
  return Ok();
}

TuneOutcome TuningScope::Wait(std::chrono::milliseconds timeout) {
  const link::TimeLimit limit(timeout);
  TuneOutcome outcome;
  if (const char* why = client_.WhyNotConnected(); why != nullptr) {
    outcome.message = why;
    return outcome;
  }
  outcome.finished = true;
  for (const auto& [policy, problems] : client_.state_->sender.TakeAsked(id_)) {
    std::vector<Problem> theirs, ours;
    for (const Problem& problem : problems) {
      (client_.state_->watcher.DaemonTunes(problem.op) ? theirs : ours).push_back(problem);
    }
    if (!theirs.empty()) {
      Merge(client_.Tune(theirs, policy, std::max(limit.Rest(), link::Millis(0))), outcome);
    }
    if (ours.empty()) continue;
    Merge(local_ == nullptr ? NotTuned(ours)
                            : local_->Tune(ours, policy, std::max(limit.Rest(), link::Millis(0))),
          outcome);
  }
  return outcome;
}

}  // namespace tactic
