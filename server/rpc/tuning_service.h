// The service on the wire: proto/tactic/v1/tuning.proto is its manual.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/grpcpp.h"
#include "server/core/catalog.h"
#include "server/core/leases.h"
#include "server/core/tuner.h"
#include "server/log/log.h"
#include "server/rpc/parse.h"
#include "server/rpc/stream_registry.h"
#include "server/rpc/task_thread.h"
#include "server/rpc/watch_reactor.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic {

struct ServiceOptions {
  std::string version;  // For GetServerInfo, as the next one.
  std::string store;    // "sqlite:/path" or "memory".
  WatchOptions watch;
  std::chrono::milliseconds job_interval{50};  // Between two frames of WatchJob.
  size_t max_streams = 512;                    // Watchers, and clients of leases.
  // A stream whose client takes no frame for this long, or up to twice as long, is ended.
  std::chrono::milliseconds max_stuck{60'000};
  size_t max_waiting_calls = 1024;  // For the store.
};

// Handlers parse, call, and render. What may wait for the store runs on a thread of its own, so
// that reads from memory never wait behind it. Two threads; thread-safe. All references outlive it,
// and it outlives the server that it is registered with.
class TuningService final : public v1::Tuning::CallbackService {
 public:
  TuningService(Tuner& tuner, Catalog& catalog, Leases& leases, const Logger& logger,
                ServiceOptions options);

  // Says goodbye to all streams and takes no new ones.
  void Drain() { streams_.Drain(); }
  size_t open_streams() const { return streams_.size(); }

 private:
  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* GetServerInfo(Context* context, const v1::GetServerInfoRequest* request,
                       v1::GetServerInfoResponse* response) override;
  Unary* Lookup(Context* context, const v1::LookupRequest* request,
                v1::LookupResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* context,
                                                     const v1::WatchRequest* request) override;
  Unary* Tune(Context* context, const v1::TuneRequest* request,
              v1::TuneResponse* response) override;
  Unary* GetJob(Context* context, const v1::GetJobRequest* request,
                v1::GetJobResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchJobResponse>* WatchJob(
      Context* context, const v1::WatchJobRequest* request) override;
  Unary* CancelJob(Context* context, const v1::CancelJobRequest* request,
                   v1::CancelJobResponse* response) override;
  Unary* ListJobs(Context* context, const v1::ListJobsRequest* request,
                  v1::ListJobsResponse* response) override;
  grpc::ServerWriteReactor<v1::AcquireLeaseResponse>* AcquireLease(
      Context* context, const v1::AcquireLeaseRequest* request) override;
  grpc::ServerBidiReactor<v1::ReportTrialsRequest, v1::ReportTrialsResponse>* ReportTrials(
      Context* context) override;
  Unary* RenewLease(Context* context, const v1::RenewLeaseRequest* request,
                    v1::RenewLeaseResponse* response) override;
  Unary* CompleteLease(Context* context, const v1::CompleteLeaseRequest* request,
                       v1::CompleteLeaseResponse* response) override;
  Unary* ReportMisses(Context* context, const v1::ReportMissesRequest* request,
                      v1::ReportMissesResponse* response) override;
  Unary* ListMisses(Context* context, const v1::ListMissesRequest* request,
                    v1::ListMissesResponse* response) override;

  // What every unary handler runs in: checks the size, runs `body`, maps the status, logs.
  Unary* Serve(const char* method, Context* context, const google::protobuf::MessageLite& request,
               absl::FunctionRef<absl::Status()> body);
  // The same on the thread that may wait for the store.
  Unary* ServeWithStore(const char* method, Context* context,
                        const google::protobuf::MessageLite& request,
                        std::function<absl::Status()> body);
  // Likewise for streams: `open` makes the reactor.
  template <typename Response>
  grpc::ServerWriteReactor<Response>* ServeStream(
      const char* method, Context* context, const google::protobuf::MessageLite& request,
      absl::FunctionRef<absl::StatusOr<std::shared_ptr<StreamReactor<Response>>>()> open);
  void Log(const char* method, Context* context, const absl::Status& status,
           std::chrono::steady_clock::time_point start) const;

  void EndStuckStreams();  // And once more later.
  absl::Status AnswerLookup(const LookupQuestion& question, v1::LookupResponse* response) const;

  Tuner& tuner_;
  Catalog& catalog_;
  Leases& leases_;
  const Logger& logger_;
  const ServiceOptions options_;
  const std::chrono::steady_clock::time_point start_;
  StreamRegistry streams_;
  TaskThread pump_;         // Wakes streams.
  TaskThread store_calls_;  // What may wait for the store.
};

}  // namespace tactic
