// One client in the queue for a key: the AcquireLease call of proto/tactic/v1/tuning.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/core/leases.h"
#include "server/core/mutex.h"
#include "server/rpc/lease_messages.h"
#include "server/rpc/stream_reactor.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

// Sends how the request stands whenever that changed, and ends with the grant or the result; a
// grant that the client did not get is taken back. `leases` outlives it.
class AcquireReactor final : public StreamReactor<v1::AcquireLeaseResponse> {
 public:
  AcquireReactor(StreamRegistry& registry, TaskThread& pump, Leases& leases,
                 AcquireQuestion question);

 private:
  Step Next(v1::AcquireLeaseResponse& frame, Signals signals) override;
  void Opened() override;
  void Closed() override;

  absl::StatusOr<uint64_t> Ticket();

  Leases& leases_;
  AcquireQuestion question_;
  // Held while the queue is joined: the first news may come on another thread before that returns.
  Mutex ticket_mu_;
  absl::StatusOr<uint64_t> ticket_ ABSL_GUARDED_BY(ticket_mu_);

  // Of Next.
  std::optional<LeaseWaiting> sent_;
  bool last_sent_ = false;  // The frame after which nothing comes.
  bool received_ = false;   // And it was delivered.
};

}  // namespace tactic
