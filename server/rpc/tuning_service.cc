#include "server/rpc/tuning_service.h"

#include <memory>
#include <utility>

#include "proto/convert/convert.h"
#include "server/core/status_macros.h"
#include "server/rpc/acquire_reactor.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/job_reactor.h"
#include "server/rpc/lease_messages.h"
#include "server/rpc/parse.h"
#include "server/rpc/refusal.h"
#include "server/rpc/render.h"
#include "server/rpc/report_reactor.h"

namespace tactic {
namespace {

using std::chrono::steady_clock;

// An error that is not the caller's.
bool IsOurs(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

TuningService::TuningService(Tuner& tuner, Catalog& catalog, Leases& leases, const Logger& logger,
                             ServiceOptions options)
    : tuner_(tuner),
      catalog_(catalog),
      leases_(leases),
      logger_(logger),
      options_(std::move(options)),
      start_(steady_clock::now()),
      streams_(options_.max_streams),
      pump_(options_.max_streams),
      store_calls_(options_.max_waiting_calls) {
  EndStuckStreams();
}

void TuningService::EndStuckStreams() {
  streams_.EndStuck();
  pump_.PostAt(steady_clock::now() + options_.max_stuck, [this] { EndStuckStreams(); });
}

grpc::ServerUnaryReactor* TuningService::Serve(const char* method, Context* context,
                                               const google::protobuf::MessageLite& request,
                                               absl::FunctionRef<absl::Status()> body) {
  const steady_clock::time_point start = steady_clock::now();
  Unary* reactor = context->DefaultReactor();
  absl::Status status = CheckSize(request);
  if (status.ok()) status = body();
  Log(method, context, status, start);
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* TuningService::ServeWithStore(
    const char* method, Context* context, const google::protobuf::MessageLite& request,
    std::function<absl::Status()> body) {
  const steady_clock::time_point start = steady_clock::now();
  Unary* reactor = context->DefaultReactor();
  const auto finish = [this, method, context, start, reactor](const absl::Status& status) {
    Log(method, context, status, start);
    reactor->Finish(ToGrpcStatus(status));
  };
  if (const absl::Status size = CheckSize(request); !size.ok()) {
    finish(size);
    return reactor;
  }
  const bool posted = store_calls_.Post([context, finish, body = std::move(body)] {
    // Whoever gave up while this waited gets no work done.
    finish(context->IsCancelled() ? absl::CancelledError("the caller gave up") : body());
  });
  if (!posted) finish(absl::ResourceExhaustedError("too many calls wait for the store; retry"));
  return reactor;
}

template <typename Response>
grpc::ServerWriteReactor<Response>* TuningService::ServeStream(
    const char* method, Context* context, const google::protobuf::MessageLite& request,
    absl::FunctionRef<absl::StatusOr<std::shared_ptr<StreamReactor<Response>>>()> open) {
  const steady_clock::time_point start = steady_clock::now();
  const auto begin = [&]() -> absl::StatusOr<std::shared_ptr<StreamReactor<Response>>> {
    RETURN_IF_ERROR(CheckSize(request));
    ASSIGN_OR_RETURN(std::shared_ptr<StreamReactor<Response>> stream, open());
    RETURN_IF_ERROR(streams_.Add(stream));
    return stream;
  };
  absl::StatusOr<std::shared_ptr<StreamReactor<Response>>> stream = begin();
  Log(method, context, stream.status(), start);
  if (!stream.ok()) return new Refusal<grpc::ServerWriteReactor<Response>>(stream.status());
  return StreamReactor<Response>::Start(*std::move(stream), *context);
}

void TuningService::Log(const char* method, Context* context, const absl::Status& status,
                        steady_clock::time_point start) const {
  const LogLevel level = IsOurs(status.code()) ? LogLevel::kError : LogLevel::kDebug;
  if (!logger_.Enabled(level)) return;
  const std::chrono::duration<double, std::milli> took = steady_clock::now() - start;
  logger_.Write(level, "call",
                {{"method", method},
                 {"peer", context->peer()},
                 {"code", absl::StatusCodeToString(status.code())},
                 {"message", std::string(status.message())},
                 {"ms", took.count()}});
}

grpc::ServerUnaryReactor* TuningService::GetServerInfo(Context* context,
                                                       const v1::GetServerInfoRequest* request,
                                                       v1::GetServerInfoResponse* response) {
  return Serve("GetServerInfo", context, *request, [&] {
    const std::chrono::duration<double> uptime = steady_clock::now() - start_;
    response->set_version(options_.version);
    response->set_store(options_.store);
    response->set_store_id(catalog_.store_id());
    response->set_revision(catalog_.Revision());
    response->set_decisions(catalog_.Size());
    response->set_uptime_seconds(uptime.count());
    const std::shared_ptr<const LaneViews> lanes = tuner_.Lanes();
    for (size_t i = 0; i < lanes->size(); ++i) {
      v1::Lane* lane = response->add_lanes();
      Render((*lanes)[i].info, lane);
      lane->set_leased_to(leases_.HolderOfLane(i));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::Lookup(Context* context, const v1::LookupRequest* request,
                                                v1::LookupResponse* response) {
  const auto answer = [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(const LookupQuestion question, Parse(*request));
    return AnswerLookup(question, response);
  };
  const bool needs_store = request->decision_id() != 0 || request->with_evidence();
  return needs_store ? ServeWithStore("Lookup", context, *request, answer)
                     : Serve("Lookup", context, *request, answer);
}

absl::Status TuningService::AnswerLookup(const LookupQuestion& question,
                                         v1::LookupResponse* response) const {
  if (question.decision_id != 0) {
    ASSIGN_OR_RETURN(const Decision decision, tuner_.FindDecision(question.decision_id));
    convert::ToProto(decision, response->mutable_decision());
  } else {
    ASSIGN_OR_RETURN(const DecisionPtr decision,
                     tuner_.Lookup(question.problem, question.policy, question.environment));
    if (decision == nullptr) return absl::OkStatus();  // A miss.
    convert::ToProto(*decision, response->mutable_decision());
  }
  if (!question.with_evidence) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Evidence evidence, tuner_.LoadEvidence(response->decision().id()));
  Render(evidence, response->mutable_evidence());
  if (!question.without_samples) return absl::OkStatus();
  for (v1::Trial& trial : *response->mutable_evidence()->mutable_trials()) trial.clear_samples();
  return absl::OkStatus();
}

grpc::ServerWriteReactor<v1::WatchResponse>* TuningService::Watch(Context* context,
                                                                  const v1::WatchRequest* request) {
  using Reactor = std::shared_ptr<StreamReactor<v1::WatchResponse>>;
  return ServeStream<v1::WatchResponse>(
      "Watch", context, *request, [&]() -> absl::StatusOr<Reactor> {
        ASSIGN_OR_RETURN(WatchPosition position, Parse(*request));
        return std::make_shared<WatchReactor>(streams_, pump_, catalog_, std::move(position),
                                              options_.watch);
      });
}

grpc::ServerUnaryReactor* TuningService::Tune(Context* context, const v1::TuneRequest* request,
                                              v1::TuneResponse* response) {
  return ServeWithStore("Tune", context, *request, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(TuneRequest tune, Parse(*request));
    ASSIGN_OR_RETURN(const JobView view, tuner_.Tune(std::move(tune)));
    Render(view, response->mutable_job());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::GetJob(Context* context, const v1::GetJobRequest* request,
                                                v1::GetJobResponse* response) {
  return Serve("GetJob", context, *request, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::string id, ParseJobId(request->id()));
    ASSIGN_OR_RETURN(const JobView view, tuner_.GetJob(id));
    Render(view, response->mutable_job());
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::WatchJobResponse>* TuningService::WatchJob(
    Context* context, const v1::WatchJobRequest* request) {
  using Reactor = std::shared_ptr<StreamReactor<v1::WatchJobResponse>>;
  return ServeStream<v1::WatchJobResponse>(
      "WatchJob", context, *request, [&]() -> absl::StatusOr<Reactor> {
        ASSIGN_OR_RETURN(std::string id, ParseJobId(request->id()));
        return std::make_shared<JobReactor>(streams_, pump_, tuner_, std::move(id),
                                            options_.job_interval);
      });
}

grpc::ServerUnaryReactor* TuningService::CancelJob(Context* context,
                                                   const v1::CancelJobRequest* request,
                                                   v1::CancelJobResponse* response) {
  return ServeWithStore("CancelJob", context, *request, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::string id, ParseJobId(request->id()));
    ASSIGN_OR_RETURN(const JobView view, tuner_.CancelJob(id));
    Render(view, response->mutable_job());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::ListJobs(Context* context,
                                                  const v1::ListJobsRequest* request,
                                                  v1::ListJobsResponse* response) {
  return Serve("ListJobs", context, *request, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const size_t limit, Parse(*request));
    for (const JobView& view : tuner_.ListJobs(limit)) RenderSummary(view, response->add_jobs());
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::AcquireLeaseResponse>* TuningService::AcquireLease(
    Context* context, const v1::AcquireLeaseRequest* request) {
  using Reactor = std::shared_ptr<StreamReactor<v1::AcquireLeaseResponse>>;
  return ServeStream<v1::AcquireLeaseResponse>(
      "AcquireLease", context, *request, [&]() -> absl::StatusOr<Reactor> {
        ASSIGN_OR_RETURN(AcquireQuestion question, Parse(*request));
        return std::make_shared<AcquireReactor>(streams_, pump_, leases_, std::move(question));
      });
}

grpc::ServerBidiReactor<v1::ReportTrialsRequest, v1::ReportTrialsResponse>*
TuningService::ReportTrials(Context* context) {
  auto stream = std::make_shared<ReportReactor>(streams_, leases_);
  const absl::Status added = streams_.Add(stream);
  Log("ReportTrials", context, added, steady_clock::now());
  return ReportReactor::Start(std::move(stream), added);
}

grpc::ServerUnaryReactor* TuningService::RenewLease(Context* context,
                                                    const v1::RenewLeaseRequest* request,
                                                    v1::RenewLeaseResponse* response) {
  return Serve("RenewLease", context, *request, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const LeaseToken token, Parse(request->lease()));
    ASSIGN_OR_RETURN(const int64_t ttl_ms, leases_.Renew(token));
    response->set_ttl_ms(static_cast<uint32_t>(ttl_ms));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::CompleteLease(Context* context,
                                                       const v1::CompleteLeaseRequest* request,
                                                       v1::CompleteLeaseResponse* response) {
  return ServeWithStore("CompleteLease", context, *request, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(const LeaseEnd end, Parse(*request));
    if (!end.verdict) return leases_.GiveUp(end.token, end.reason);
    ASSIGN_OR_RETURN(const LeaseOutcome outcome, leases_.Complete(end.token, *end.verdict));
    Render(outcome, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::ReportMisses(Context* context,
                                                      const v1::ReportMissesRequest* request,
                                                      v1::ReportMissesResponse* response) {
  return ServeWithStore("ReportMisses", context, *request, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(MissReport report, Parse(*request));
    ASSIGN_OR_RETURN(const MissesTaken taken,
                     tuner_.ReportMisses(std::move(report.misses), report.policy));
    response->set_taken(static_cast<uint32_t>(taken.taken));
    response->set_ignored(static_cast<uint32_t>(taken.ignored));
    response->set_message(taken.why_ignored);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* TuningService::ListMisses(Context* context,
                                                    const v1::ListMissesRequest* request,
                                                    v1::ListMissesResponse* response) {
  return ServeWithStore("ListMisses", context, *request, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(const MissQuestion question, Parse(*request));
    ASSIGN_OR_RETURN(const std::vector<MissView> misses,
                     tuner_.ListMisses(question.ops, question.limit));
    for (const MissView& miss : misses) Render(miss, response->add_misses());
    return absl::OkStatus();
  });
}

}  // namespace tactic
