#include "server/rpc/group_messages.h"

#include <optional>
#include <string>

#include "server/core/status_macros.h"
#include "server/rpc/edge_checks.h"

namespace tactic {
namespace {

void Render(const StorePosition& position, v1::StorePosition* to) {
  to->set_store_id(position.store_id);
  to->set_revision(position.revision);
}

absl::Status AddEnvironment(const v1::OpEnvironment& environment, GroupRequest& to) {
  RETURN_IF_ERROR(ToStatus(CheckName("environments.op", environment.op())));
  const std::optional<Fingerprint> fingerprint = ParseFingerprint(environment.fingerprint());
  if (!fingerprint) {
    return absl::InvalidArgumentError(absl::StrCat(
        "environments.fingerprint: of op ", environment.op(), ": must be 32 hexadecimal digits"));
  }
  to.environments[environment.op()] = *fingerprint;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GroupRequest> Parse(const v1::AgreeRequest& request) {
  RETURN_IF_ERROR(ToStatus(CheckName("group", request.group())));
  RETURN_IF_ERROR(ToStatus(CheckName("member", request.member())));
  RETURN_IF_ERROR(CheckClient(request.client()));
  if (request.size() < 1 || request.size() > limits::kGroupSize) {
    return OutOfBounds("size", request.size(), 1, limits::kGroupSize);
  }
  if (request.limit_ms() < 1 || request.limit_ms() > limits::kGroupLimitMs) {
    return OutOfBounds("limit_ms", request.limit_ms(), 1, limits::kGroupLimitMs);
  }
  const auto environments = static_cast<size_t>(request.environments_size());
  if (environments > limits::kGroupEnvironments) {
    return OutOfBounds("environments: count", environments, 0, limits::kGroupEnvironments);
  }
  if (!request.holds().store_id().empty()) {
    RETURN_IF_ERROR(ToStatus(CheckName("holds.store_id", request.holds().store_id())));
  }
  GroupRequest parsed;
  parsed.group = request.group();
  parsed.member = request.member();
  parsed.size = request.size();
  parsed.limit_ms = request.limit_ms();
  parsed.client = request.client();
  parsed.holds = {request.holds().store_id(), request.holds().revision()};
  for (const v1::OpEnvironment& environment : request.environments()) {
    RETURN_IF_ERROR(AddEnvironment(environment, parsed));
  }
  return parsed;
}

absl::StatusOr<Acknowledgement> Parse(const v1::AcknowledgeRequest& request) {
  RETURN_IF_ERROR(ToStatus(CheckName("agreement", request.agreement())));
  RETURN_IF_ERROR(ToStatus(CheckName("member", request.member())));
  Acknowledgement parsed{request.agreement(), request.member(), ""};
  if (request.accepted()) return parsed;
  parsed.refusal = ToPrintable(request.reason(), limits::kDetailBytes);
  if (parsed.refusal.empty()) parsed.refusal = "no reason given";
  return parsed;
}

v1::AgreementState Render(AgreementState state) {
  switch (state) {
    case AgreementState::kPending:
      return v1::AGREEMENT_STATE_PENDING;
    case AgreementState::kPassed:
      return v1::AGREEMENT_STATE_PASSED;
    case AgreementState::kOff:
      return v1::AGREEMENT_STATE_OFF;
    case AgreementState::kUnknown:
      return v1::AGREEMENT_STATE_UNKNOWN;
  }
  return v1::AGREEMENT_STATE_UNSPECIFIED;
}

void Render(const GroupWaiting& waiting, v1::AgreeResponse::Waiting* to) {
  to->set_present(static_cast<uint32_t>(waiting.members.size()));
  for (const std::string& member : waiting.members) to->add_members(member);
}

void Render(const GroupProposal& proposal, v1::AgreeResponse::Proposal* to) {
  to->set_agreement(proposal.agreement);
  Render(proposal.cut, to->mutable_cut());
  to->set_whole(proposal.after == 0);
}

void Render(const GroupOutcome& outcome, v1::AgreeResponse::Outcome* to) {
  to->set_state(Render(outcome.state));
  to->set_reason(outcome.reason);
}

void Render(const GroupView& view, v1::Group* to) {
  to->set_name(view.name);
  to->set_size(static_cast<uint32_t>(view.size));
  for (const GroupView::Member& member : view.members) {
    v1::GroupMember* added = to->add_members();
    added->set_name(member.name);
    added->set_client(member.client);
    added->set_acknowledged(member.acknowledged);
  }
  to->set_proposed(view.proposed);
  to->set_agreement(view.agreement);
  if (!view.agreement.empty()) Render(view.cut, to->mutable_cut());
  to->set_last_failure(view.last_failure);
}

}  // namespace tactic
