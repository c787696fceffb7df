#include "server/rpc/agree_reactor.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "proto/convert/convert.h"
#include "server/rpc/group_messages.h"
#include "server/rpc/grpc_status.h"

namespace tactic {
namespace {

constexpr int kMostDecisionsAFrame = 1000;
constexpr size_t kMostBytesAFrame = size_t{1} << 20;  // Exceeded only by its last decision.

}  // namespace

AgreeReactor::AgreeReactor(StreamRegistry& registry, TaskThread& pump, Groups& groups,
                           GroupRequest request)
    : StreamReactor(registry, pump),
      groups_(groups),
      request_(std::move(request)),
      over_(std::chrono::steady_clock::now() + std::chrono::milliseconds(request_.limit_ms + 1)) {}

void AgreeReactor::Opened() {
  MutexLock lock(ticket_mu_);
  ticket_ = groups_.Join(std::move(request_), [stream = weak()] { PokeSoon(stream); });
}

absl::StatusOr<uint64_t> AgreeReactor::Ticket() {
  MutexLock lock(ticket_mu_);
  return ticket_;
}

void AgreeReactor::Closed() {
  const absl::StatusOr<uint64_t> ticket = Ticket();
  if (ticket.ok()) groups_.Leave(*ticket);
}

AgreeReactor::Step AgreeReactor::Next(v1::AgreeResponse& frame, Signals signals) {
  if (signals.cancelled) return Step::Finish(grpc::Status::CANCELLED);
  const absl::StatusOr<uint64_t> ticket = Ticket();
  if (!ticket.ok()) return Step::Finish(ToGrpcStatus(ticket.status()));
  if (ended_) return Step::Finish(grpc::Status::OK);
  const GroupState state = groups_.Look(*ticket);
  return std::visit([&](const auto& value) { return Send(value, frame); }, state);
}

AgreeReactor::Step AgreeReactor::Send(const GroupWaiting& waiting, v1::AgreeResponse& frame) {
  if (sent_ == waiting) {
    PokeAt(over_);
    return Step::Wait();
  }
  sent_ = waiting;
  Render(waiting, frame.mutable_waiting());
  return Step::Write();
}

AgreeReactor::Step AgreeReactor::Send(const GroupProposal& proposal, v1::AgreeResponse& frame) {
  const auto& all = *proposal.decisions;
  if (!next_) {
    const auto first = std::find_if(all.begin(), all.end(), [&](const DecisionPtr& decision) {
      return decision->revision > proposal.after;
    });
    next_ = static_cast<size_t>(first - all.begin());
    Render(proposal, frame.mutable_proposal());
    frame.mutable_proposal()->set_decisions(all.size() - *next_);
    return Step::Write();
  }
  if (*next_ == all.size()) {
    PokeAt(over_);
    return Step::Wait();
  }
  auto& decisions = *frame.mutable_decisions()->mutable_decisions();
  size_t bytes = 0;
  while (*next_ < all.size() && decisions.size() < kMostDecisionsAFrame &&
         bytes < kMostBytesAFrame) {
    convert::ToProto(*all[(*next_)++], decisions.Add());
    bytes += decisions.rbegin()->ByteSizeLong();
  }
  return Step::Write();
}

AgreeReactor::Step AgreeReactor::Send(const GroupOutcome& outcome, v1::AgreeResponse& frame) {
  ended_ = true;
  Render(outcome, frame.mutable_outcome());
  return Step::Write();
}

}  // namespace tactic
