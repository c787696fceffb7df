#include "server/rpc/admin_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/refusal.h"

namespace tactic {
AdminService::AdminService(Tuner& tuner, Catalog& catalog, const Logger& logger, std::string writer)
    : admin_{tuner, catalog, logger, thread_, std::move(writer)} {}

absl::StatusOr<AdminSlot> AdminService::Admit() {
  MutexLock lock(calls_->mu);
  if (calls_->running == kMostCalls) {
    return absl::ResourceExhaustedError(
        absl::StrCat(kMostCalls, " exports and imports run already; retry when one has ended"));
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

}  // namespace tactic
