#include "client/lease/keeper.h"

#include <utility>

#include "client/link/status_board.h"

namespace tactic::lease {

LeaseKeeper::LeaseKeeper(v1::Tuning::Stub& stub, v1::LeaseToken token, link::Millis ttl)
    : stub_(stub),
      token_(std::move(token)),
      ttl_(ttl),
      renewed_ns_(link::BootNanos()),
      thread_([this] { Loop(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    if (current_ != nullptr) current_->TryCancel();
    stopped_.notify_all();
  }
  thread_.join();
}

void LeaseKeeper::Begin(int, timing::LaunchPhase, double deadline_seconds) {
  due_ns_ = link::BootNanos() + static_cast<int64_t>(1e9 * deadline_seconds);
}

std::string LeaseKeeper::why() const {
  std::lock_guard lock(mu_);
  return why_;
}

void LeaseKeeper::Lose(std::string why) {
  std::lock_guard lock(mu_);
  why_ = std::move(why);
  lost_ = true;
}

void LeaseKeeper::Loop() {
  std::unique_lock lock(mu_);
  while (!stopped_.wait_for(lock, ttl_ / 3, [this] { return stopping_; })) {
    lock.unlock();
    const int64_t due_ns = due_ns_;
    const bool hangs = due_ns != 0 && link::BootNanos() > due_ns;
    if (!hangs && !lost_) Renew();
    lock.lock();
  }
}

void LeaseKeeper::Renew() {
  const int64_t sent_ns = link::BootNanos();
  grpc::ClientContext context;
  link::SetDeadline(context, ttl_ / 2);
  {
    std::lock_guard lock(mu_);
    if (stopping_) return;
    current_ = &context;
  }
  v1::RenewLeaseRequest request;
  *request.mutable_lease() = token_;
  v1::RenewLeaseResponse response;
  const grpc::Status status = stub_.RenewLease(&context, request, &response);
  {
    std::lock_guard lock(mu_);
    current_ = nullptr;
  }
  if (status.ok()) {
    renewed_ns_ = sent_ns;
  } else if (!link::IsTransient(status)) {
    Lose(link::ToText(status));
  } else if (link::BootNanos() - renewed_ns_ > std::chrono::nanoseconds(ttl_).count()) {
    Lose("the daemon could not be reached for the lease's time: " + link::ToText(status));
  }
}

}  // namespace tactic::lease
