#include "client/cli/requests.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

bool IsStarting(const v1::GetServerInfoResponse& info) {
  return std::any_of(info.lanes().begin(), info.lanes().end(), [](const v1::Lane& lane) {
    return lane.state() == v1::LANE_STATE_STARTING && lane.ops().empty();
  });
}

Result<Evidence> EvidenceOf(const v1::Evidence& from) {
  Evidence evidence;
  evidence.worker_restarts = from.worker_restarts();
  evidence.seconds = from.seconds();
  for (const v1::Trial& trial : from.trials()) {
    auto converted = convert::FromProto("evidence.trials.", trial);
    if (!converted.ok()) return converted.error();
    evidence.trials.push_back(std::move(converted).value());
  }
  for (const v1::Disturbance& seen : from.disturbances()) {
    auto converted = convert::FromProto("evidence.disturbances.", seen);
    if (!converted.ok()) return converted.error();
    evidence.disturbances.push_back(std::move(converted).value());
  }
  return evidence;
}

Result<Found> FoundOf(const v1::LookupResponse& response) {
  auto decision = convert::FromProto("decision.", response.decision());
  if (!decision.ok()) return Error{ErrorCode::kDataLoss, decision.error().message};
  Found found{std::move(decision).value(), std::nullopt};
  if (response.has_evidence()) {
    auto evidence = EvidenceOf(response.evidence());
    if (!evidence.ok()) return Error{ErrorCode::kDataLoss, evidence.error().message};
    found.evidence = std::move(evidence).value();
  }
  return found;
}

}  // namespace

std::string ClientName() { return "tacticctl/" + std::to_string(getpid()); }

Result<v1::GetServerInfoResponse> GetReadyServerInfo(Connection& connection) {
  constexpr std::chrono::milliseconds kPause(50);
  const auto deadline = std::chrono::steady_clock::now() + connection.timeout();
  while (true) {
    auto info = connection.Call(&v1::Tuning::Stub::GetServerInfo, v1::GetServerInfoRequest());
    if (!info.ok() || !IsStarting(*info) || std::chrono::steady_clock::now() > deadline) {
      return info;
    }
    std::this_thread::sleep_for(kPause);
  }
}

Result<Found> FindById(Connection& connection, uint64_t id, bool with_evidence) {
  v1::LookupRequest request;
  request.set_decision_id(id);
  request.set_with_evidence(with_evidence);
  const auto response = connection.Call(&v1::Tuning::Stub::Lookup, request);
  if (!response.ok()) return response.error();
  return FoundOf(*response);
}

Result<std::optional<Found>> FindByProblem(Connection& connection, const Problem& problem,
                                           const MeasurementPolicy& policy, bool with_evidence) {
  v1::LookupRequest request;
  convert::ToProto(problem, request.mutable_problem());
  convert::ToProto(policy, request.mutable_policy());
  request.set_with_evidence(with_evidence);
  const auto response = connection.Call(&v1::Tuning::Stub::Lookup, request);
  if (!response.ok()) return response.error();
  if (!response->has_decision()) return std::optional<Found>();
  auto found = FoundOf(*response);
  if (!found.ok()) return found.error();
  return std::optional<Found>(std::move(found).value());
}

Result<std::vector<Decision>> Snapshot(Connection& connection,
                                       const std::vector<std::string>& ops) {
  v1::WatchRequest request;
  request.set_snapshot_only(true);
  for (const std::string& op : ops) request.add_ops(op);
  const auto context = connection.Context();
  const auto stream = connection.stub().Watch(context.get(), request);
  std::vector<Decision> decisions;
  v1::WatchResponse response;
  while (stream->Read(&response)) {
    for (const v1::Decision& decision : response.decisions().decisions()) {
      auto converted = convert::FromProto("decision.", decision);
      if (!converted.ok()) return Error{ErrorCode::kDataLoss, converted.error().message};
      decisions.push_back(std::move(converted).value());
    }
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return connection.ErrorOf(status);
  return decisions;
}

}  // namespace tactic::cli
