#include <algorithm>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "client/lease/leased_contest.h"
#include "client/link/connection.h"
#include "client/link/evidence.h"
#include "client/link/fork.h"
#include "client/link/retry.h"
#include "proto/convert/convert.h"
#include "runners/timing/host_session.h"
#include "tactic/lease.h"
#include "tactic/sdk/host.h"

namespace tactic {
namespace {

using lease::LeasedContest;
using lease::LeasedResult;
using link::Millis;

// How one problem ended.
struct Ended {
  bool finished = false;
  bool decided = false;
  uint64_t decision_id = 0;
  uint64_t revision = 0;
  std::string message;
};

Ended Unfinished(std::string why) { return {.message = std::move(why)}; }
Ended Failed(std::string why) { return {.finished = true, .message = std::move(why)}; }

// Settled, or what CompleteLease answered.
template <typename Message>
Ended EndedAs(const Message& message) {
  if (!message.has_decision()) return Failed(message.failure());
  return {.finished = true,
          .decided = true,
          .decision_id = message.decision().id(),
          .revision = message.decision().revision()};
}

void Add(const Ended& ended, TuneOutcome& outcome) {
  outcome.finished = outcome.finished && ended.finished;
  if (ended.decided) ++outcome.decided;
  if (ended.finished && !ended.decided) ++outcome.failed;
  if (outcome.message.empty()) outcome.message = ended.message;
}

Environment EnvironmentOf(const sdk::Registry::Entry& entry) {
  return {sdk::DetectHostDevice(), "", "", sdk::ComponentsOf(entry)};
}

// The problem and what is needed to measure it here.
Result<timing::ContestPlan> ContestOf(const sdk::Registry& registry, const Problem& problem,
                                      const MeasurementPolicy& policy) {
  timing::ContestPlan contest;
  contest.entry = registry.Find(problem.op);
  if (contest.entry == nullptr) {
    return InvalidArgument("problem.op is '" + problem.op + "', which the registry does not have");
  }
  const OpSchema schema = contest.entry->op->Schema();
  contest.problem = problem;
  if (Check fits = CheckAgainst(schema, contest.problem); !fits.ok()) return fits.error();
  FillDefaults(schema, contest.problem);
  auto runners = SelectRunners(*contest.entry, {});
  if (!runners.ok()) return runners.error();
  contest.runners = *std::move(runners);
  contest.policy = Resolve(policy, DeviceKind::kHost);
  return contest;
}

}  // namespace

struct LeaseTuner::State {
  State(Client& c, const sdk::Registry& r, LeaseTunerOptions o)
      : client(c), registry(r), options(std::move(o)), stub(link::NewStub(c.target())) {}

  Ended TuneOne(const Problem& problem, const MeasurementPolicy& policy,
                const link::TimeLimit& limit);
  // Until it is granted or settled, or there is no sense in waiting.
  grpc::Status Acquire(const v1::AcquireLeaseRequest& request, const link::TimeLimit& limit,
                       const lease::Listener& listener, v1::AcquireLeaseResponse& last);
  v1::AcquireLeaseRequest RequestFor(const timing::ContestPlan& contest) const;
  // Measures it, anew if the lease is lost, or waits for whoever does.
  Ended Settle(const timing::ContestPlan& contest, const link::TimeLimit& limit,
               const lease::Listener& listener);
  // For the statistics. A daemon that does not tell leaves out the details.
  void NoteTuned(const Problem& problem, const Ended& ended, const link::TimeLimit& limit);

  Client& client;
  const sdk::Registry& registry;
  const LeaseTunerOptions options;
  const std::unique_ptr<v1::Tuning::Stub> stub;
  std::mutex mu;                                         // Held while something is measured.
  timing::HostSession session{sdk::DetectHostDevice()};  // Guarded by mu.
};

v1::AcquireLeaseRequest LeaseTuner::State::RequestFor(const timing::ContestPlan& contest) const {
  v1::AcquireLeaseRequest request;
  convert::ToProto(Key{contest.problem, contest.policy, EnvironmentOf(*contest.entry)},
                   request.mutable_key());
  request.set_client(client.name());
  request.set_lane(options.lane);
  request.set_again(options.again);
  request.set_wait(options.wait);
  return request;
}

grpc::Status LeaseTuner::State::Acquire(const v1::AcquireLeaseRequest& request,
                                        const link::TimeLimit& limit,
                                        const lease::Listener& listener,
                                        v1::AcquireLeaseResponse& last) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  link::SetDeadline(context, limit.Rest());
  last.Clear();
  const auto reader = stub->AcquireLease(&context, request);
  while (reader->Read(&last)) {
    if (last.has_waiting()) listener(LeaseEvent::Kind::kWaiting, last.waiting().reason());
  }
  return reader->Finish();
}

Ended LeaseTuner::State::TuneOne(const Problem& problem, const MeasurementPolicy& policy,
                                 const link::TimeLimit& limit) {
  Result<timing::ContestPlan> contest = ContestOf(registry, problem, policy);
  if (!contest.ok()) return Failed(contest.error().message);
  contest->bans = OpBans(client.cache().Bans(), problem.op);
  bool tuned = false;  // Here, or elsewhere while this waited: it was not decided before.
  const lease::Listener listener = [&](LeaseEvent::Kind kind, std::string detail) {
    tuned = tuned || kind != LeaseEvent::Kind::kDecided;
    if (options.on_event) options.on_event({kind, problem, std::move(detail)});
  };
  const Ended ended = Settle(*contest, limit, listener);
  if (ended.finished && tuned) NoteTuned(problem, ended, limit);
  return ended;
}

void LeaseTuner::State::NoteTuned(const Problem& problem, const Ended& ended,
                                  const link::TimeLimit& limit) {
  TunedProfile profile{problem.op, ToText(problem), ended.decided, ended.message, 0, {}};
  if (ended.decided) {
    static_cast<void>(link::ReadEvidence(*stub, limit, ended.decision_id, profile));
  }
  client.cache().NoteTuned(std::move(profile));
}

Ended LeaseTuner::State::Settle(const timing::ContestPlan& contest, const link::TimeLimit& limit,
                                const lease::Listener& listener) {
  const v1::AcquireLeaseRequest request = RequestFor(contest);
  link::Backoff backoff(std::random_device{}());
  while (true) {
    v1::AcquireLeaseResponse state;
    const grpc::Status status = Acquire(request, limit, listener, state);
    std::string why = link::ToText(status);
    if (status.ok() && state.has_settled()) {
      listener(LeaseEvent::Kind::kDecided, state.settled().failure());
      return EndedAs(state.settled());
    }
    if (status.ok() && state.has_granted()) {
      const LeasedResult result =
          LeasedContest(*stub, state.granted(), limit, listener).Run(contest, session);
      if (result.kind == LeasedResult::Kind::kCompleted) {
        listener(LeaseEvent::Kind::kDecided, result.response.failure());
        return EndedAs(result.response);
      }
      if (result.kind == LeasedResult::Kind::kCannotRun) return Failed(result.why);
      if (result.kind == LeasedResult::Kind::kOutOfTime) return Unfinished(result.why);
      listener(LeaseEvent::Kind::kLost, result.why);
      why = result.why;
    } else if (status.ok()) {
      return Unfinished(state.waiting().reason());
    } else if (!link::IsTransient(status)) {
      return Unfinished("the daemon refused the lease: " + why);
    } else if (state.has_waiting()) {
      why = state.waiting().reason();
    }
    const Millis wait = backoff.Next();
    if (limit.Rest() <= wait) return Unfinished("the time ran out: " + why);
    std::this_thread::sleep_for(wait);
  }
}

LeaseTuner::LeaseTuner(Client& client, const sdk::Registry& registry, LeaseTunerOptions options)
    : state_(std::make_unique<State>(client, registry, std::move(options))) {
  client.SetLocalOps(LocalOpsOf(registry));
}

// What a forked child inherits is left alone.
LeaseTuner::~LeaseTuner() {
  if (state_->client.Inherited()) link::LeaveBehind(state_.release());
}

TuneOutcome LeaseTuner::Tune(const std::vector<Problem>& problems, const MeasurementPolicy& policy,
                             std::chrono::milliseconds timeout) {
  const link::TimeLimit limit(timeout);
  TuneOutcome outcome;
  if (const char* why = state_->client.WhyNotConnected(); why != nullptr) {
    outcome.message = why;
    return outcome;
  }
  std::lock_guard lock(state_->mu);
  outcome.finished = true;
  uint64_t revision = 0;
  std::set<Fingerprint> seen;  // Scopes may name a problem more than once.
  for (const Problem& problem : problems) {
    if (!seen.insert(FingerprintOf(Key{problem, policy, {}})).second) continue;
    const Ended ended = state_->TuneOne(problem, policy, limit);
    Add(ended, outcome);
    revision = std::max(revision, ended.revision);
    if (!ended.finished && limit.Over()) break;
  }
  if (revision > 0 &&
      !state_->client.WaitForRevision(revision, std::max(limit.Rest(), Millis(0)))) {
    outcome.finished = false;
    outcome.message = "it is decided, but the table does not hold it yet";
  }
  return outcome;
}

std::vector<LocalOp> LocalOpsOf(const sdk::Registry& registry) {
  std::vector<LocalOp> ops;
  for (const sdk::Registry::Entry& entry : registry.entries()) {
    const OpSchema schema = entry.op->Schema();
    std::vector<Parameter> defaults;
    for (const AttributeSchema& attribute : schema.attributes) {
      defaults.push_back({attribute.name, attribute.default_value});
    }
    ops.push_back({schema.op, EnvironmentOf(entry), Parameters(std::move(defaults))});
  }
  return ops;
}

}  // namespace tactic
