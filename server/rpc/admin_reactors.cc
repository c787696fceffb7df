#include "server/rpc/admin_reactors.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "proto/convert/export_format.h"
#include "server/core/clock.h"
#include "server/core/status_macros.h"
#include "server/rpc/grpc_status.h"

namespace tactic {
namespace {

// Each call has one step waiting at a time, so it is always accepted.
void Post(const AdminContext& admin, TaskThread::Task step) {
  admin.thread.PostAt(TaskThread::Time(), std::move(step));
}

}  // namespace

ExportReactor::ExportReactor(const AdminContext& admin, AdminSlot slot)
    : admin_(admin), slot_(std::move(slot)) {
  Post(admin_, [this] { Step(); });
}

void ExportReactor::OnWriteDone(bool ok) {
  if (ok) {
    Post(admin_, [this] { Step(); });
  } else {
    Finish(grpc::Status::CANCELLED);  // The reader is gone.
  }
}

void ExportReactor::Step() {
  response_.Clear();
  absl::Status status;
  if (Next(status)) {
    StartWrite(&response_);
    return;
  }
  if (!status.ok()) admin_.logger.Error("export_failed", {{"reason", status.ToString()}});
  Finish(ToGrpcStatus(status));
}

bool ExportReactor::Next(absl::Status& status) {
  v1::ExportRecord& record = *response_.mutable_record();
  switch (phase_) {
    case Phase::kHeader:
      RenderHeader(record.mutable_header());
      phase_ = Phase::kContests;
      return true;
    case Phase::kContests:
      if (contest_ && next_trial_ < contest_->evidence.trials.size()) {
        next_trial_ = RenderTrials(contest_->evidence.trials, next_trial_, record.mutable_trials());
        return true;
      }
      status = ReadContest();
      if (!status.ok()) return false;
      if (contest_) {
        Render(*contest_, record.mutable_contest());
        return true;
      }
      *record.mutable_end() = end_;
      phase_ = Phase::kEnd;
      return true;
    case Phase::kEnd:
      break;
  }
  return false;
}

void ExportReactor::RenderHeader(v1::ExportHeader* header) const {
  header->set_format_version(convert::kExportFormatVersion);
  header->set_store_id(admin_.catalog.store_id());
  header->set_revision(admin_.catalog.Revision());
  header->set_created_unix_ms(SystemClock().UnixMillis());
  header->set_writer(admin_.writer);
}

absl::Status ExportReactor::ReadContest() {
  uint64_t damaged = 0;
  ASSIGN_OR_RETURN(contest_, admin_.tuner.NextContest(last_id_, damaged));
  end_.set_damaged(end_.damaged() + damaged);
  next_trial_ = 0;
  if (!contest_) return absl::OkStatus();
  last_id_ = contest_->id;
  end_.set_contests(end_.contests() + 1);
  end_.set_decisions(end_.decisions() + (contest_->decision ? 1 : 0));
  end_.set_trials(end_.trials() + contest_->evidence.trials.size());
  return absl::OkStatus();
}

ImportReactor::ImportReactor(const AdminContext& admin, grpc::CallbackServerContext* context,
                             v1::ImportResponse* response, AdminSlot slot)
    : admin_(admin), context_(context), response_(response), slot_(std::move(slot)) {
  StartSendInitialMetadata();  // Tells the caller that it was admitted.
  StartRead(&request_);
}

void ImportReactor::OnReadDone(bool ok) {
  Post(admin_, [this, ok] { Step(ok); });
}

void ImportReactor::Step(bool ok) {
  if (context_->IsCancelled()) {
    End(absl::CancelledError("the caller gave up"));
    return;
  }
  absl::Status status = ok ? Take() : StoreWhole();
  if (ok && status.ok()) {
    StartRead(&request_);
    return;
  }
  if (status.ok() && !session_) {
    status = absl::InvalidArgumentError("nothing came; an import begins with a header");
  }
  End(status);
}

absl::Status ImportReactor::Take() {
  if (!session_) session_.emplace(request_.dry_run());
  RETURN_IF_ERROR(reader_.Take(request_.record()));
  const bool full =
      reader_.whole_contests() >= kGroupContests || reader_.whole_bytes() >= kGroupBytes;
  return full ? StoreWhole() : absl::OkStatus();
}

absl::Status ImportReactor::StoreWhole() {
  if (reader_.whole_contests() == 0) return absl::OkStatus();
  return admin_.tuner.Import(*session_, reader_.TakeWhole());
}

void ImportReactor::End(const absl::Status& status) {
  const uint64_t taken = session_ ? session_->summary().contests() : 0;
  admin_.logger.Info("import", {{"contests", taken},
                                {"dry_run", session_ && session_->dry_run() ? "yes" : "no"},
                                {"result", status.ToString()}});
  if (status.ok()) {
    RenderSummary();
    Finish(grpc::Status::OK);
    return;
  }
  const bool stored = taken > 0 && !session_->dry_run();
  Finish(ToGrpcStatus(absl::Status(
      status.code(), absl::StrCat(status.message(), stored ? absl::StrCat("; ", taken,
                                                                          " contests before it are "
                                                                          "stored and stay")
                                                           : "; nothing was changed"))));
}

void ImportReactor::RenderSummary() {
  const ImportSummary& summary = session_->summary();
  response_->set_complete(reader_.complete());
  response_->set_known(summary.known);
  response_->set_added(summary.added);
  response_->set_replaced(summary.replaced);
  response_->set_behind(summary.behind);
  response_->set_undecided(summary.undecided);
  response_->set_conflict_count(summary.conflict_count);
  for (const ImportConflict& conflict : summary.conflicts) {
    v1::ImportConflict& to = *response_->add_conflicts();
    convert::ToProto(conflict.ours, to.mutable_ours());
    convert::ToProto(conflict.theirs, to.mutable_theirs());
    to.set_theirs_won(conflict.theirs_won);
    to.set_why(conflict.why);
  }
  response_->set_revision(admin_.catalog.Revision());
  response_->set_store_id(admin_.catalog.store_id());
}

}  // namespace tactic
