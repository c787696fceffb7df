#include "server/rpc/admin_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "server/core/status_macros.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/parse.h"
#include "server/rpc/refusal.h"

namespace tactic {
AdminService::AdminService(Tuner& tuner, Catalog& catalog, const Logger& logger, std::string writer)
    : admin_{tuner, catalog, logger, thread_, std::move(writer)} {}

absl::StatusOr<AdminSlot> AdminService::Admit() {
  MutexLock lock(calls_->mu);
  if (calls_->running == kMostCalls) {
    return absl::ResourceExhaustedError(
        absl::StrCat(kMostCalls, " calls of administration run already; retry when one has ended"));
  }
  ++calls_->running;
  return AdminSlot(calls_.get(), [calls = calls_](void*) {
    MutexLock end(calls->mu);
    --calls->running;
  });
}

grpc::ServerWriteReactor<v1::ExportResponse>* AdminService::Export(grpc::CallbackServerContext*,
                                                                   const v1::ExportRequest*) {
  absl::StatusOr<AdminSlot> slot = Admit();
  if (!slot.ok()) return new Refusal<grpc::ServerWriteReactor<v1::ExportResponse>>(slot.status());
  return new ExportReactor(admin_, *std::move(slot));
}

grpc::ServerReadReactor<v1::ImportRequest>* AdminService::Import(
    grpc::CallbackServerContext* context, v1::ImportResponse* response) {
  absl::StatusOr<AdminSlot> slot = Admit();
  if (!slot.ok()) return new Refusal<grpc::ServerReadReactor<v1::ImportRequest>>(slot.status());
  return new ImportReactor(admin_, context, response, *std::move(slot));
}

grpc::ServerUnaryReactor* AdminService::ServeWithStore(grpc::CallbackServerContext* context,
                                                       std::function<absl::Status()> body) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<AdminSlot> slot = Admit();
  if (!slot.ok()) {
    reactor->Finish(ToGrpcStatus(slot.status()));
    return reactor;
  }
  // The slot bounds how many tasks wait.
  thread_.PostAt(TaskThread::Time(), [reactor, slot = *std::move(slot), body = std::move(body)] {
    reactor->Finish(ToGrpcStatus(body()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::Ban(grpc::CallbackServerContext* context,
                                            const v1::BanRequest* request,
                                            v1::BanResponse* response) {
  return ServeWithStore(context, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(tactic::Ban ban, Parse(*request));
    ASSIGN_OR_RETURN(const bool replaced, admin_.tuner.PutBan(std::move(ban)));
    response->set_replaced(replaced);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::Unban(grpc::CallbackServerContext* context,
                                              const v1::UnbanRequest* request,
                                              v1::UnbanResponse* response) {
  return ServeWithStore(context, [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(const tactic::Ban ban, Parse(*request));
    ASSIGN_OR_RETURN(const bool removed, admin_.tuner.RemoveBan(ban));
    response->set_removed(removed);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::ListBans(grpc::CallbackServerContext* context,
                                                 const v1::ListBansRequest*,
                                                 v1::ListBansResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const BansPtr bans = admin_.tuner.Bans();
  v1::BanList& list = *response->mutable_bans();
  for (const tactic::Ban& ban : bans->bans) convert::ToProto(ban, list.add_bans());
  response->set_damaged(bans->damaged);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace tactic
