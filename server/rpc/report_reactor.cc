#include "server/rpc/report_reactor.h"

#include <utility>

#include "server/core/status_macros.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/lease_messages.h"
#include "server/rpc/parse.h"

namespace tactic {

ReportReactor* ReportReactor::Start(std::shared_ptr<ReportReactor> stream,
                                    const absl::Status& admitted) {
  ReportReactor* const raw = stream.get();
  raw->self_ = std::move(stream);
  if (admitted.ok()) {
    raw->StartRead(&raw->request_);
  } else {
    raw->End(ToGrpcStatus(admitted));
  }
  return raw;
}

absl::Status ReportReactor::Take() {
  RETURN_IF_ERROR(CheckSize(request_));
  ASSIGN_OR_RETURN(const TrialReport report, Parse(request_));
  token_ = report.token;
  return leases_.Report(report);
}

void ReportReactor::OnReadDone(bool ok) {
  if (!ok) return End(grpc::Status::OK);  // The client has no more to say, or is gone.
  if (const absl::Status taken = Take(); !taken.ok()) return End(ToGrpcStatus(taken));
  {
    MutexLock lock(mu_);
    if (finished_) return;
    writing_ = true;
  }
  StartWrite(&response_);
}

void ReportReactor::OnWriteDone(bool ok) {
  std::optional<grpc::Status> end;
  {
    MutexLock lock(mu_);
    writing_ = false;
    end = std::exchange(end_, std::nullopt);
  }
  if (!ok && !end) end = grpc::Status::CANCELLED;
  if (end) return End(*std::move(end));
  StartRead(&request_);
}

void ReportReactor::Drain() {
  End({grpc::StatusCode::UNAVAILABLE, "the daemon is stopping; a restart ends all leases"});
}

void ReportReactor::End(grpc::Status status) {
  {
    MutexLock lock(mu_);
    if (finished_) return;
    if (writing_) {
      end_ = std::move(status);
      return;
    }
    finished_ = true;
  }
  Finish(std::move(status));
}

void ReportReactor::OnDone() {
  if (token_) leases_.Disconnected(*token_);
  registry_.Remove(this);
  const std::shared_ptr<ReportReactor> self = std::move(self_);  // The end, when all let go.
}

}  // namespace tactic
