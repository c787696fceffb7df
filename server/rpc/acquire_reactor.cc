#include "server/rpc/acquire_reactor.h"

#include <utility>
#include <variant>

#include "server/rpc/grpc_status.h"

namespace tactic {

AcquireReactor::AcquireReactor(StreamRegistry& registry, TaskThread& pump, Leases& leases,
                               AcquireQuestion question)
    : StreamReactor(registry, pump), leases_(leases), question_(std::move(question)) {}

void AcquireReactor::Opened() {
  MutexLock lock(ticket_mu_);
  ticket_ = leases_.Enter(std::move(question_.request), [stream = weak()] { PokeSoon(stream); });
}

absl::StatusOr<uint64_t> AcquireReactor::Ticket() {
  MutexLock lock(ticket_mu_);
  return ticket_;
}

void AcquireReactor::Closed() {
  const absl::StatusOr<uint64_t> ticket = Ticket();
  if (ticket.ok()) leases_.Leave(*ticket, received_);
}

AcquireReactor::Step AcquireReactor::Next(v1::AcquireLeaseResponse& frame, Signals signals) {
  if (signals.cancelled) return Step::Finish(grpc::Status::CANCELLED);
  const absl::StatusOr<uint64_t> ticket = Ticket();
  if (!ticket.ok()) return Step::Finish(ToGrpcStatus(ticket.status()));
  if (last_sent_) {
    received_ = true;
    return Step::Finish(grpc::Status::OK);
  }
  const LeaseState state = leases_.Look(*ticket);
  const auto* waiting = std::get_if<LeaseWaiting>(&state);
  if (waiting != nullptr) {
    if (signals.draining) {
      return Step::Finish({grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"});
    }
    if (sent_ == *waiting) return Step::Wait();
    sent_ = *waiting;
  }
  last_sent_ = waiting == nullptr || !question_.wait;
  Render(state, &frame);
  return Step::Write();
}

}  // namespace tactic
