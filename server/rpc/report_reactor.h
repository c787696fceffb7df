// What the holder of a lease does, as it does it: the ReportTrials call of
// proto/tactic/v1/tuning.proto.
#pragma once

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "server/core/leases.h"
#include "server/core/mutex.h"
#include "server/rpc/stream_registry.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

// Answers each message before it reads the next one. When the stream ends, however, its lease is
// told. Owns itself from Start until gRPC is done with it. `registry` and `leases` outlive it.
class ReportReactor final
    : public grpc::ServerBidiReactor<v1::ReportTrialsRequest, v1::ReportTrialsResponse>,
      public Stream {
 public:
  ReportReactor(StreamRegistry& registry, Leases& leases) : registry_(registry), leases_(leases) {}

  // To be returned to gRPC. `admitted`: what the registry said; not OK ends the call at once.
  static ReportReactor* Start(std::shared_ptr<ReportReactor> stream, const absl::Status& admitted);

  void Drain() override;

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override;

  absl::Status Take();
  // Finishes the call, once; not while a message is being written, which gRPC does not allow.
  void End(grpc::Status status);

  StreamRegistry& registry_;
  Leases& leases_;
  std::shared_ptr<ReportReactor> self_;
  v1::ReportTrialsRequest request_;
  v1::ReportTrialsResponse response_;
  std::optional<LeaseToken> token_;  // Of the last message.

  Mutex mu_;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mu_);  // As soon as the write is done.
};

}  // namespace tactic
