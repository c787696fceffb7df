#include "runners/worker/contest.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "runners/timing/candidates.h"
#include "runners/timing/contest_plan.h"
#include "runners/timing/run_race.h"
#include "runners/worker/contest_observer.h"

namespace tactic {
namespace {

constexpr double kEnumerateSeconds = 60;

using timing::ContestPlan;

Result<const sdk::Registry::Entry*> FindOp(const sdk::Registry& registry, const std::string& op) {
  if (const sdk::Registry::Entry* entry = registry.Find(op)) return entry;
  std::string known;
  for (const auto& entry : registry.entries()) {
    known += (known.empty() ? "" : ", ") + entry.op->Schema().op;
  }
  return InvalidArgument("problem.op is '" + op + "', which is unknown; known are: " + known);
}

// Appends each message of `from`, converted.
template <typename Messages, typename Value>
Check ConvertAll(const std::string& field, const Messages& from, std::vector<Value>& to) {
  for (int i = 0; i < from.size(); ++i) {
    auto value = convert::FromProto(field + "[" + std::to_string(i) + "].", from[i]);
    if (!value.ok()) return value.error();
    to.push_back(*std::move(value));
  }
  return Ok();
}

Check ReadCandidates(const v1::Run& request, ContestPlan& contest) {
  if (const Check c = ConvertAll("suspects", request.suspects(), contest.first); !c.ok()) return c;
  if (const Check c = ConvertAll("first", request.first(), contest.first); !c.ok()) return c;
  if (const Check c = ConvertAll("earlier", request.earlier(), contest.earlier); !c.ok()) return c;
  constexpr int kNeighbours = 8;
  if (request.neighbours_size() > kNeighbours) {
    return InvalidArgument("neighbours: count is " + std::to_string(request.neighbours_size()) +
                           "; at most " + std::to_string(kNeighbours));
  }
  for (int i = 0; i < request.neighbours_size(); ++i) {
    auto neighbour =
        convert::FromProto("neighbours[" + std::to_string(i) + "].", request.neighbours(i));
    if (!neighbour.ok()) return neighbour.error();
    contest.neighbours.push_back(*std::move(neighbour));
  }
  std::vector<Ban> bans;
  if (const Check c = ConvertAll("bans", request.bans(), bans); !c.ok()) return c;
  contest.bans = OpBans(bans, contest.problem.op);
  if (!request.has_incumbent()) return Ok();
  auto incumbent = convert::FromProto("incumbent.", request.incumbent());
  if (!incumbent.ok()) return incumbent.error();
  contest.incumbent = *std::move(incumbent);
  return Ok();
}

Result<ContestPlan> Read(const v1::Run& request, const WorkerContext& context) {
  ContestPlan contest;
  contest.seed = request.seed();
  contest.epoch = request.epoch();
  contest.memory_bytes = request.memory_limit_bytes();
  contest.thorough = request.thorough();
  contest.spent_seconds = std::clamp(request.spent_seconds(), 0.0, 1e6);
  contest.cycle_rounds = context.session.rounds_of_a_cycle();
  auto problem = convert::FromProto("problem.", request.problem());
  if (!problem.ok()) return problem.error();
  contest.problem = *std::move(problem);
  const auto policy = convert::FromProto("policy.", request.policy());
  if (!policy.ok()) return policy.error();
  contest.policy = Resolve(*policy, context.session.device().kind);
  const auto entry = FindOp(context.registry, contest.problem.op);
  if (!entry.ok()) return entry.error();
  contest.entry = *entry;
  const OpSchema schema = contest.entry->op->Schema();
  if (const Check c = CheckAgainst(schema, contest.problem); !c.ok()) return c.error();
  FillDefaults(schema, contest.problem);
  auto runners =
      SelectRunners(*contest.entry, {request.runners().begin(), request.runners().end()});
  if (!runners.ok()) return runners.error();
  contest.runners = *std::move(runners);
  if (const Check c = ReadCandidates(request, contest); !c.ok()) return c.error();
  return contest;
}

v1::FromWorker CandidatesMessage(uint64_t run, const CandidateList& list) {
  v1::FromWorker message;
  v1::Candidates& candidates = *message.mutable_candidates();
  candidates.set_run(run);
  for (const Candidate& candidate : list.candidates) {
    convert::ToProto(candidate, candidates.add_candidates());
  }
  return message;
}

void SendError(uint64_t run, const Error& error, Channel& channel) {
  v1::FromWorker candidates;
  candidates.mutable_candidates()->set_run(run);
  candidates.mutable_candidates()->set_error(error.message);
  v1::FromWorker finished;
  finished.mutable_finished()->set_run(run);
  finished.mutable_finished()->set_error(error.message);
  if (channel.Send(candidates).ok()) static_cast<void>(channel.Send(finished));
}

void SendCancelled(uint64_t run, Channel& channel) {
  v1::FromWorker message;
  message.mutable_finished()->set_run(run);
  message.mutable_finished()->set_cancelled(true);
  static_cast<void>(channel.Send(message));
}

// With the sampler gone: what is still taken of the device then is lost.
void SendVerdict(uint64_t run, const timing::Race& race, size_t count,
                 const WorkerContext& context) {
  v1::FromWorker message;
  v1::Finished& finished = *message.mutable_finished();
  finished.set_run(run);
  convert::ToProto(timing::VerdictOf(race, count), &finished);
  for (const std::string& seen : context.session.TakeDisturbances()) {
    finished.add_disturbances(seen);
  }
  finished.set_worn_out(context.session.WornOut());
  static_cast<void>(context.channel.Send(message));
}

}  // namespace

void DoRun(const v1::Run& request, const WorkerContext& context) {
  const Result<ContestPlan> contest = Read(request, context);
  if (!contest.ok()) return SendError(request.run(), contest.error(), context.channel);

  ContestObserver observer(request.run(), *contest, context.channel, context.journal);
  context.journal.Begin(wire::kNoCandidate, wire::LaunchPhase::kEnumerate, kEnumerateSeconds);
  const CandidateList list = ListCandidates(contest->runners, contest->problem);
  context.journal.Idle();

  static_cast<void>(context.session.TakeDisturbances());  // Of before.
  auto sampler = timing::MakeSampler(*contest, list, context.session, observer);
  if (!sampler.ok()) return SendError(request.run(), sampler.error(), context.channel);
  const Check sent = context.channel.Send(CandidatesMessage(request.run(), list));
  if (!sent.ok()) return SendError(request.run(), sent.error(), context.channel);

  timing::Race race = timing::MakeRace(*contest, list);
  const bool finished = timing::RunRace(race, **sampler, observer);
  // Ends the candidates' code before the run ends, so that none of it is taken for the next one's.
  sampler->reset();
  if (finished) {
    SendVerdict(request.run(), race, list.candidates.size(), context);
  } else {
    SendCancelled(request.run(), context.channel);
  }
}

}  // namespace tactic
