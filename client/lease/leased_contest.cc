#include "client/lease/leased_contest.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "client/lease/grant.h"
#include "proto/convert/contest.h"
#include "proto/convert/convert.h"

namespace tactic::lease {
namespace {

constexpr link::Millis kEndDeadline{10'000};  // The store may take its time.

std::string LineOf(const Candidate& candidate, const timing::Observation& observation) {
  if (!IsValid(observation.outcome)) {
    return ToText(candidate) + ": " + std::string(Name(observation.outcome)) + ": " +
           observation.detail;
  }
  char time[32];
  std::snprintf(time, sizeof(time), ": %.0f ns", observation.nanoseconds);
  return ToText(candidate) + time;
}

}  // namespace

timing::Observation AnnouncingSampler::Screen(int candidate) {
  if (!stream_.Announce(static_cast<uint32_t>(candidate))) {
    return {candidate, Outcome::kRejected, 0, "not run: the lease was lost", 0};
  }
  return sampler_.Screen(candidate);
}

std::vector<timing::Observation> AnnouncingSampler::Round(std::span<const int> candidates) {
  std::vector<timing::Observation> observations;
  for (const int candidate : candidates) {
    if (!stream_.Announce(static_cast<uint32_t>(candidate))) break;
    std::vector<timing::Observation> one = sampler_.Round({&candidate, 1});
    if (one.empty()) break;
    observations.push_back(std::move(one.front()));
  }
  return observations;
}

LeasedContest::LeasedContest(v1::Tuning::Stub& stub,
                             const v1::AcquireLeaseResponse::Granted& granted,
                             const link::TimeLimit& limit, const Listener& listener)
    : stub_(stub),
      granted_(granted),
      limit_(limit),
      listener_(listener),
      keeper_(stub, granted.lease(), link::Millis(granted.ttl_ms())),
      stream_(stub, granted.lease()) {}

void LeasedContest::Observed(const timing::Race::Step& step,
                             std::span<const timing::Observation> observations) {
  if (!stream_.Tell(step.round, timing::ResultsOf(observations))) return;
  std::string lines;
  for (const timing::Observation& observation : observations) {
    const auto index = static_cast<size_t>(observation.candidate);
    lines += (lines.empty() ? "" : "\n") + LineOf(list_->candidates[index], observation);
  }
  listener_(LeaseEvent::Kind::kMeasured, std::move(lines));
}

bool LeasedContest::Cancelled() { return stream_.broken() || keeper_.lost() || limit_.Over(); }

LeasedResult LeasedContest::Run(timing::ContestPlan contest, timing::DeviceSession& session) {
  if (!stream_.Open()) return Lost();
  listener_(LeaseEvent::Kind::kGranted, granted_.lane());
  ReadGrant(granted_, contest);
  contest.cycle_rounds = session.rounds_of_a_cycle();
  return Measure(contest, session);
}

LeasedResult LeasedContest::Measure(const timing::ContestPlan& contest,
                                    timing::DeviceSession& session) {
  budget_.emplace(contest);
  const CandidateList list = ListCandidates(contest.runners, contest.problem);
  list_ = &list;
  if (!stream_.List(list.candidates)) return Lost();
  const std::vector<timing::Observation> banned = timing::RejectionsOf(contest, list);
  if (!banned.empty() && !stream_.Tell(0, timing::ResultsOf(banned))) return Lost();
  auto sampler = timing::MakeSampler(contest, list, session, keeper_);
  if (!sampler.ok()) {
    return GiveUp(LeasedResult::Kind::kCannotRun, sampler.error().message);
  }
  timing::Race race = timing::MakeRace(contest, list);
  AnnouncingSampler announcing(**sampler, stream_);
  const bool done = timing::RunRace(race, announcing, *this);
  sampler->reset();
  if (stream_.broken() || keeper_.lost()) return Lost();
  if (done) return Complete(timing::VerdictOf(race, list.candidates.size()));
  return GiveUp(LeasedResult::Kind::kOutOfTime, "the client's time ran out");
}

grpc::Status LeasedContest::SendEnd(const v1::CompleteLeaseRequest& request,
                                    v1::CompleteLeaseResponse& response) {
  return link::Retry(link::TimeLimit(kEndDeadline), [&] {
    grpc::ClientContext context;
    link::SetDeadline(context, kEndDeadline);
    return stub_.CompleteLease(&context, request, &response);
  });
}

LeasedResult LeasedContest::Complete(const ContestVerdict& verdict) {
  listener_(LeaseEvent::Kind::kDeciding, "");
  v1::CompleteLeaseRequest request;
  *request.mutable_lease() = granted_.lease();
  convert::ToProto(verdict, request.mutable_verdict());
  LeasedResult result;
  const grpc::Status status = SendEnd(request, result.response);
  if (status.ok()) return result;
  // A verdict that was refused as such would be refused again.
  const bool refused = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
  return {refused ? LeasedResult::Kind::kCannotRun : LeasedResult::Kind::kLost,
          {},
          link::ToText(status)};
}

LeasedResult LeasedContest::GiveUp(LeasedResult::Kind kind, std::string why) {
  v1::CompleteLeaseRequest request;
  *request.mutable_lease() = granted_.lease();
  request.mutable_give_up()->set_reason(ToPrintable(why, limits::kDetailBytes));
  v1::CompleteLeaseResponse response;
  // If it does not arrive, the end of the stream says as much.
  static_cast<void>(SendEnd(request, response));
  return {kind, {}, std::move(why)};
}

LeasedResult LeasedContest::Lost() const {
  return {LeasedResult::Kind::kLost,
          {},
          stream_.broken() ? link::ToText(stream_.status()) : keeper_.why()};
}

}  // namespace tactic::lease
