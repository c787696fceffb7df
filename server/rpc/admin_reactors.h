// One call of Export, and one of Import (proto/tactic/v1/admin.proto). Each owns itself from its
// making until gRPC is done with it. What may wait for the store runs on `thread`, one step at a
// time; between two steps others have their turn.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "grpcpp/grpcpp.h"
#include "server/core/catalog.h"
#include "server/core/tuner.h"
#include "server/log/log.h"
#include "server/rpc/export_records.h"
#include "server/rpc/task_thread.h"
#include "tactic/v1/admin.pb.h"

namespace tactic {

// What both need; all of it outlives the calls.
struct AdminContext {
  Tuner& tuner;
  Catalog& catalog;
  const Logger& logger;
  TaskThread& thread;
  const std::string writer;  // "tacticd 0.1.0".
};

// A place among the calls that may run at a time; given back with the last copy.
using AdminSlot = std::shared_ptr<void>;

// Keeps one contest: the next is read when the reader has taken all of the last.
class ExportReactor final : public grpc::ServerWriteReactor<v1::ExportResponse> {
 public:
  ExportReactor(const AdminContext& admin, AdminSlot slot);

 private:
  enum class Phase { kHeader, kContests, kEnd };

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

  void Step();  // On the thread.
  // The next record into response_; false: there is none, the status says why.
  bool Next(absl::Status& status);
  void RenderHeader(v1::ExportHeader* header) const;
  // The next contest into contest_, and into the counts; nullopt: there is none.
  absl::Status ReadContest();

  const AdminContext& admin_;
  const AdminSlot slot_;
  v1::ExportResponse response_;
  Phase phase_ = Phase::kHeader;
  std::optional<StoredContest> contest_;  // Whose trials are not all sent.
  size_t next_trial_ = 0;
  uint64_t last_id_ = 0;
  v1::ExportEnd end_;
};

// Stores contests in groups: a transaction flushes the disk once.
class ImportReactor final : public grpc::ServerReadReactor<v1::ImportRequest> {
 public:
  ImportReactor(const AdminContext& admin, grpc::CallbackServerContext* context,
                v1::ImportResponse* response, AdminSlot slot);

 private:
  static constexpr size_t kGroupContests = 64;
  static constexpr size_t kGroupBytes = size_t{1} << 20;

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

  void Step(bool ok);  // On the thread.
  absl::Status Take();
  absl::Status StoreWhole();
  void End(const absl::Status& status);
  void RenderSummary();

  const AdminContext& admin_;
  grpc::CallbackServerContext* const context_;
  v1::ImportResponse* const response_;
  const AdminSlot slot_;
  v1::ImportRequest request_;
  ExportReader reader_;
  std::optional<ImportSession> session_;  // From the first message on.
};

}  // namespace tactic
