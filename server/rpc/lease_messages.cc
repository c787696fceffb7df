#include "server/rpc/lease_messages.h"

#include <utility>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "server/core/status_macros.h"
#include "server/rpc/edge_checks.h"

namespace tactic {
namespace {

void Render(const LeaseWaiting& waiting, v1::AcquireLeaseResponse* to) {
  to->mutable_waiting()->set_reason(waiting.reason);
  to->mutable_waiting()->set_holder(waiting.holder);
}

void Render(const LeaseGrant& grant, v1::AcquireLeaseResponse* to) {
  v1::AcquireLeaseResponse::Granted& granted = *to->mutable_granted();
  granted.mutable_lease()->set_key(ToHex(grant.token.key));
  granted.mutable_lease()->set_fence(grant.token.fence);
  granted.mutable_lease()->set_epoch(grant.token.epoch);
  granted.set_ttl_ms(static_cast<uint32_t>(grant.ttl_ms));
  granted.set_lane(grant.lane);
  granted.set_seed(grant.spec.seed);
  granted.set_epoch(grant.epoch);
  if (grant.spec.incumbent) convert::ToProto(*grant.spec.incumbent, granted.mutable_incumbent());
  for (const Trial& trial : grant.earlier) convert::ToProto(trial, granted.add_earlier());
  for (const Neighbour& neighbour : grant.spec.neighbours) {
    convert::ToProto(neighbour, granted.add_neighbours());
  }
  for (const Ban& ban : grant.spec.bans.all()) convert::ToProto(ban, granted.add_bans());
}

void Render(const LeaseOutcome& outcome, v1::AcquireLeaseResponse* to) {
  v1::AcquireLeaseResponse::Settled& settled = *to->mutable_settled();
  settled.set_failure(outcome.failure);
  if (outcome.decision) convert::ToProto(*outcome.decision, settled.mutable_decision());
}

}  // namespace

absl::StatusOr<LeaseToken> Parse(const v1::LeaseToken& token) {
  const std::optional<Fingerprint> key = ParseFingerprint(token.key());
  if (!key) {
    return absl::InvalidArgumentError("lease.key: must be a fingerprint, 32 hexadecimal digits");
  }
  RETURN_IF_ERROR(ToStatus(CheckName("lease.epoch", token.epoch())));
  return LeaseToken{*key, token.fence(), token.epoch()};
}

absl::StatusOr<AcquireQuestion> Parse(const v1::AcquireLeaseRequest& request) {
  RETURN_IF_ERROR(CheckClient(request.client()));
  if (!request.lane().empty()) {
    RETURN_IF_ERROR(ToStatus(CheckName("lane", request.lane())));
  }
  AcquireQuestion question;
  question.wait = request.wait();
  question.request.client = request.client();
  question.request.lane = request.lane();
  question.request.again = request.again();
  ASSIGN_OR_RETURN(question.request.key, ToStatusOr(convert::FromProto("key.", request.key())));
  return question;
}

absl::StatusOr<TrialReport> Parse(const v1::ReportTrialsRequest& request) {
  TrialReport report;
  ASSIGN_OR_RETURN(report.token, Parse(request.lease()));
  ASSIGN_OR_RETURN(report.candidates,
                   ToStatusOr(convert::FromProto("candidates", request.candidates())));
  ASSIGN_OR_RETURN(report.results, ToStatusOr(convert::FromProto("results", request.results())));
  report.round = request.round();
  if (request.has_launching()) report.launching = request.launching();
  return report;
}

absl::StatusOr<LeaseEnd> Parse(const v1::CompleteLeaseRequest& request) {
  LeaseEnd end;
  ASSIGN_OR_RETURN(end.token, Parse(request.lease()));
  if (request.has_verdict()) {
    ASSIGN_OR_RETURN(end.verdict, ToStatusOr(convert::FromProto("verdict.", request.verdict())));
    return end;
  }
  if (!request.has_give_up()) {
    return absl::InvalidArgumentError("end: not set; give a verdict, or give the lease up");
  }
  const std::string& reason = request.give_up().reason();
  if (reason.size() > limits::kDetailBytes) {
    return OutOfBounds("give_up.reason: bytes", reason.size(), 0, limits::kDetailBytes);
  }
  end.reason = ToPrintable(reason, limits::kDetailBytes);
  return end;
}

void Render(const LeaseState& state, v1::AcquireLeaseResponse* to) {
  std::visit([to](const auto& value) { Render(value, to); }, state);
}

void Render(const LeaseOutcome& outcome, v1::CompleteLeaseResponse* to) {
  to->set_failure(outcome.failure);
  if (outcome.decision) convert::ToProto(*outcome.decision, to->mutable_decision());
}

}  // namespace tactic
