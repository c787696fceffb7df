#include "server/rpc/parse.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "server/core/status_macros.h"
#include "server/rpc/edge_checks.h"

namespace tactic {
namespace {

absl::Status CheckNames(const std::string& field,
                        const google::protobuf::RepeatedPtrField<std::string>& names, size_t most) {
  const auto count = static_cast<size_t>(names.size());
  if (count > most) return OutOfBounds(absl::StrCat(field, ": count"), count, 0, most);
  for (int i = 0; i < names.size(); ++i) {
    RETURN_IF_ERROR(ToStatus(CheckName(absl::StrCat(field, "[", i, "]"), names[i])));
  }
  return absl::OkStatus();
}

absl::StatusOr<ReportedMiss> ParseMiss(const std::string& field, const v1::ReportedMiss& from) {
  ReportedMiss miss;
  ASSIGN_OR_RETURN(miss.problem,
                   ToStatusOr(convert::FromProto(field + ".problem.", from.problem())));
  for (const v1::Shape& shape : from.shapes()) {
    miss.shapes.emplace_back(shape.dims().begin(), shape.dims().end());
  }
  RETURN_IF_ERROR(ToStatus(CheckShapes(field + ".shapes", miss.shapes)));
  const size_t inputs = miss.problem.inputs.size();
  if (miss.shapes.size() != inputs) {
    return OutOfBounds(field + ".shapes: count", miss.shapes.size(), inputs, inputs);
  }
  miss.count = from.count();
  if (miss.count == 0) return absl::InvalidArgumentError(field + ".count is 0; must be at least 1");
  return miss;
}

}  // namespace

absl::Status CheckClient(const std::string& client) {
  if (client.size() > limits::kClientBytes) {
    return OutOfBounds("client: bytes", client.size(), 0, limits::kClientBytes);
  }
  if (IsPrintableUtf8(client)) return absl::OkStatus();
  return absl::InvalidArgumentError("client: must be printable UTF-8");
}

absl::Status CheckSize(const google::protobuf::MessageLite& request) {
  const size_t bytes = request.ByteSizeLong();
  if (bytes <= limits::kRequestBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the request has ", bytes, " bytes; at most ",
                                                 limits::kRequestBytes,
                                                 " are taken. Ask for fewer problems at once"));
}

absl::StatusOr<LookupQuestion> Parse(const v1::LookupRequest& request) {
  if (request.has_problem() == (request.decision_id() != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("problem, decision_id: ", request.has_problem() ? "both are" : "neither is",
                     " set; give one of them"));
  }
  LookupQuestion question;
  question.decision_id = request.decision_id();
  question.with_evidence = request.with_evidence();
  question.without_samples = request.without_samples();
  if (question.decision_id != 0) return question;
  ASSIGN_OR_RETURN(question.problem, ToStatusOr(convert::FromProto("problem.", request.problem())));
  ASSIGN_OR_RETURN(question.policy, ToStatusOr(convert::FromProto("policy.", request.policy())));
  if (request.has_environment()) {
    ASSIGN_OR_RETURN(question.environment,
                     ToStatusOr(convert::FromProto("environment.", request.environment())));
  }
  return question;
}

absl::StatusOr<TuneRequest> Parse(const v1::TuneRequest& request) {
  RETURN_IF_ERROR(ToStatus(CheckName("request_id", request.request_id())));
  const auto problems = static_cast<size_t>(request.problems_size());
  if (problems < 1 || problems > limits::kProblems) {
    return OutOfBounds("problems: count", problems, 1, limits::kProblems);
  }
  RETURN_IF_ERROR(CheckNames("runners", request.runners(), limits::kRunnerFilter));
  if (request.deadline_ms() > limits::kDeadlineMs) {
    return OutOfBounds("deadline_ms", request.deadline_ms(), 0, limits::kDeadlineMs);
  }
  RETURN_IF_ERROR(CheckClient(request.client()));
  TuneRequest tune;
  tune.request_id = request.request_id();
  tune.runners.assign(request.runners().begin(), request.runners().end());
  tune.again = request.again();
  tune.verify = request.verify();
  tune.deadline_ms = request.deadline_ms();
  tune.client = request.client();
  ASSIGN_OR_RETURN(tune.policy, ToStatusOr(convert::FromProto("policy.", request.policy())));
  for (int i = 0; i < request.problems_size(); ++i) {
    ASSIGN_OR_RETURN(
        Problem problem,
        ToStatusOr(convert::FromProto(absl::StrCat("problems[", i, "]."), request.problems(i))));
    tune.problems.push_back(std::move(problem));
  }
  return tune;
}

absl::StatusOr<WatchPosition> Parse(const v1::WatchRequest& request) {
  if (!request.store_id().empty()) {
    RETURN_IF_ERROR(ToStatus(CheckName("store_id", request.store_id())));
  }
  RETURN_IF_ERROR(CheckNames("ops", request.ops(), limits::kWatchOps));
  WatchPosition position;
  position.store_id = request.store_id();
  position.from_revision = request.from_revision();
  position.ops.assign(request.ops().begin(), request.ops().end());
  position.snapshot_only = request.snapshot_only();
  return position;
}

absl::StatusOr<std::string> ParseJobId(const std::string& id) {
  RETURN_IF_ERROR(ToStatus(CheckName("id", id)));
  return id;
}

absl::StatusOr<size_t> Parse(const v1::ListJobsRequest& request) {
  if (request.limit() > limits::kListedJobs) {
    return OutOfBounds("limit", request.limit(), 0, limits::kListedJobs);
  }
  return request.limit() == 0 ? limits::kDefaultListedJobs : request.limit();
}

absl::StatusOr<MissReport> Parse(const v1::ReportMissesRequest& request) {
  const auto count = static_cast<size_t>(request.misses_size());
  if (count < 1 || count > limits::kReportedMisses) {
    return OutOfBounds("misses: count", count, 1, limits::kReportedMisses);
  }
  RETURN_IF_ERROR(CheckClient(request.client()));
  MissReport report;
  ASSIGN_OR_RETURN(report.policy, ToStatusOr(convert::FromProto("policy.", request.policy())));
  for (int i = 0; i < request.misses_size(); ++i) {
    ASSIGN_OR_RETURN(ReportedMiss miss,
                     ParseMiss(absl::StrCat("misses[", i, "]"), request.misses(i)));
    report.misses.push_back(std::move(miss));
  }
  return report;
}

absl::StatusOr<MissQuestion> Parse(const v1::ListMissesRequest& request) {
  RETURN_IF_ERROR(CheckNames("ops", request.ops(), limits::kWatchOps));
  if (request.limit() > limits::kStoredMisses) {
    return OutOfBounds("limit", request.limit(), 0, limits::kStoredMisses);
  }
  MissQuestion question;
  question.ops.assign(request.ops().begin(), request.ops().end());
  question.limit = request.limit() == 0 ? limits::kDefaultListedMisses : request.limit();
  return question;
}

absl::StatusOr<Ban> Parse(const v1::BanRequest& request) {
  return ToStatusOr(convert::FromProto("ban.", request.ban()));
}

absl::StatusOr<Ban> Parse(const v1::UnbanRequest& request) {
  return ToStatusOr(convert::BannedFromProto("ban.", request.ban()));
}

}  // namespace tactic
