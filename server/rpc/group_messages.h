// Between the messages of proto/tactic/v1/groups.proto and the core's values. Parsing checks as
// parse.h does.
#pragma once

#include "absl/status/statusor.h"
#include "server/core/groups.h"
#include "tactic/v1/groups.pb.h"

namespace tactic {

namespace limits {
inline constexpr uint32_t kGroupSize = 256;
inline constexpr uint32_t kGroupLimitMs = 3'600'000;
inline constexpr size_t kGroupEnvironments = 1024;
}  // namespace limits

absl::StatusOr<GroupRequest> Parse(const v1::AgreeRequest& request);

struct Acknowledgement {
  std::string agreement;
  std::string member;
  std::string refusal;  // Empty: accepted.
};
absl::StatusOr<Acknowledgement> Parse(const v1::AcknowledgeRequest& request);

v1::AgreementState Render(AgreementState state);
void Render(const GroupWaiting& waiting, v1::AgreeResponse::Waiting* to);
void Render(const GroupProposal& proposal, v1::AgreeResponse::Proposal* to);  // Without the count.
void Render(const GroupOutcome& outcome, v1::AgreeResponse::Outcome* to);
void Render(const GroupView& view, v1::Group* to);

}  // namespace tactic
