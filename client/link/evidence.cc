#include "client/link/evidence.h"

#include <algorithm>

#include "proto/convert/convert.h"

namespace tactic::link {
namespace {

constexpr Millis kCallDeadline{5'000};

}  // namespace

grpc::Status ReadEvidence(v1::Tuning::Stub& stub, const TimeLimit& limit, uint64_t decision_id,
                          TunedProfile& profile) {
  v1::LookupRequest request;
  request.set_decision_id(decision_id);
  request.set_with_evidence(true);
  request.set_without_samples(true);
  grpc::ClientContext context;
  SetDeadline(context, std::min(limit.Rest(), kCallDeadline));
  v1::LookupResponse response;
  grpc::Status status = stub.Lookup(&context, request, &response);
  if (!status.ok()) return status;
  profile.seconds = response.evidence().seconds();
  for (const v1::Trial& message : response.evidence().trials()) {
    const auto trial = convert::FromProto("trial.", message);
    if (!trial.ok() || !IsFailure(trial->outcome)) continue;
    profile.failed.push_back({profile.problem, trial->candidate, trial->outcome, trial->detail});
  }
  return status;
}

}  // namespace tactic::link
