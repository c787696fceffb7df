// The messages of leases: from requests to the core's values, with every check of the edge as in
// parse.h, and back.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/core/lease_types.h"
#include "tactic/model/contest.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

struct AcquireQuestion {
  LeaseRequest request;
  bool wait = false;
};
// How a lease is to end.
struct LeaseEnd {
  LeaseToken token;
  std::optional<ContestVerdict> verdict;  // nullopt: given up.
  std::string reason;
};

absl::StatusOr<AcquireQuestion> Parse(const v1::AcquireLeaseRequest& request);
absl::StatusOr<TrialReport> Parse(const v1::ReportTrialsRequest& request);
absl::StatusOr<LeaseEnd> Parse(const v1::CompleteLeaseRequest& request);
absl::StatusOr<LeaseToken> Parse(const v1::LeaseToken& token);

void Render(const LeaseState& state, v1::AcquireLeaseResponse* to);
void Render(const LeaseOutcome& outcome, v1::CompleteLeaseResponse* to);

}  // namespace tactic
