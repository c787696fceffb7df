// One member of a group in an agreement: the Agree call of proto/tactic/v1/groups.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/core/groups.h"
#include "server/core/mutex.h"
#include "server/rpc/stream_reactor.h"
#include "tactic/v1/groups.pb.h"

namespace tactic {

// Sends who is there whenever that changed, the proposal with its decisions, and the outcome, with
// which it ends. A member whose stream ends before leaves. `groups` outlives it.
class AgreeReactor final : public StreamReactor<v1::AgreeResponse> {
 public:
  AgreeReactor(StreamRegistry& registry, TaskThread& pump, Groups& groups, GroupRequest request);

 private:
  Step Next(v1::AgreeResponse& frame, Signals signals) override;
  void Opened() override;
  void Closed() override;

  Step Send(const GroupWaiting& waiting, v1::AgreeResponse& frame);
  Step Send(const GroupProposal& proposal, v1::AgreeResponse& frame);
  Step Send(const GroupOutcome& outcome, v1::AgreeResponse& frame);
  absl::StatusOr<uint64_t> Ticket();

  Groups& groups_;
  GroupRequest request_;
  const TaskThread::Time over_;  // Just after the member's time.
  // Held while the group is joined: the first news may come on another thread before that returns.
  Mutex ticket_mu_;
  absl::StatusOr<uint64_t> ticket_ ABSL_GUARDED_BY(ticket_mu_);

  // Of Next.
  std::optional<GroupWaiting> sent_;
  std::optional<size_t> next_;  // Of the proposal's decisions, once it was sent itself.
  bool ended_ = false;          // The outcome was sent.
};

}  // namespace tactic
