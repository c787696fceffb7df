// Administration on the wire: proto/tactic/v1/admin.proto is its manual.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/core/catalog.h"
#include "server/core/mutex.h"
#include "server/core/tuner.h"
#include "server/log/log.h"
#include "server/rpc/admin_reactors.h"
#include "server/rpc/task_thread.h"
#include "tactic/v1/admin.grpc.pb.h"

namespace tactic {

// One thread of its own, so that the calls of tuning never wait behind an export; thread-safe. All
// references outlive it, and it outlives the server that it is registered with.
class AdminService final : public v1::Admin::CallbackService {
 public:
  // `writer`: the program, for the header of an export.
  AdminService(Tuner& tuner, Catalog& catalog, const Logger& logger, std::string writer);

 private:
  static constexpr size_t kMostCalls = 8;

  grpc::ServerWriteReactor<v1::ExportResponse>* Export(grpc::CallbackServerContext* context,
                                                       const v1::ExportRequest* request) override;
  grpc::ServerReadReactor<v1::ImportRequest>* Import(grpc::CallbackServerContext* context,
                                                     v1::ImportResponse* response) override;

  grpc::ServerUnaryReactor* Ban(grpc::CallbackServerContext* context, const v1::BanRequest* request,
                                v1::BanResponse* response) override;
  grpc::ServerUnaryReactor* Unban(grpc::CallbackServerContext* context,
                                  const v1::UnbanRequest* request,
                                  v1::UnbanResponse* response) override;
  grpc::ServerUnaryReactor* ListBans(grpc::CallbackServerContext* context,
                                     const v1::ListBansRequest* request,
                                     v1::ListBansResponse* response) override;

  absl::StatusOr<AdminSlot> Admit();
  // A unary call that waits for the store: `body` runs on the thread.
  grpc::ServerUnaryReactor* ServeWithStore(grpc::CallbackServerContext* context,
                                           std::function<absl::Status()> body);

  // Counts the calls; shared with their slots.
  struct Calls {
    Mutex mu;
    size_t running ABSL_GUARDED_BY(mu) = 0;
  };
  const std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  TaskThread thread_{0};  // Only PostAt, which takes all.
  const AdminContext admin_;
};

}  // namespace tactic
