#include "server/core/groups.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

std::string Names(const std::map<std::string, uint64_t>& tickets) {
  return absl::StrJoin(tickets, ", ",
                       [](std::string* out, const auto& member) { out->append(member.first); });
}

}  // namespace

Groups::Groups(const Catalog& catalog, const Clock& clock, AgreementOptions options)
    : catalog_(catalog), clock_(clock), options_(std::move(options)) {}

absl::StatusOr<uint64_t> Groups::Join(GroupRequest request, std::function<void()> wake) {
  MutexLock lock(mu_);
  ExpireOverdue();
  if (draining_) return absl::UnavailableError("the daemon is stopping");
  if (!groups_.contains(request.group)) RETURN_IF_ERROR(MakeRoom());
  Group& group = groups_[request.group];
  if (group.tickets.empty()) {
    group.size = request.size;
    group.most = 0;
  }
  RETURN_IF_ERROR(CheckFits(group, request));
  const uint64_t id = next_ticket_++;
  Ticket& ticket = tickets_[id];
  ticket.deadline_ns = clock_.NowNanos() + request.limit_ms * 1'000'000;
  ticket.wake = std::move(wake);
  group.tickets.emplace(request.member, id);
  ticket.request = std::move(request);
  if (group.tickets.size() > group.most) {
    group.most = group.tickets.size();
    group.most_names = Names(group.tickets);
  }
  if (group.tickets.size() == group.size) Propose(group);
  Wake(group);
  return id;
}

absl::Status Groups::CheckFits(const Group& group, const GroupRequest& request) const {
  if (group.tickets.contains(request.member)) {
    return absl::AlreadyExistsError(
        absl::StrCat("member ", request.member, " of group ", request.group,
                     " is taking part already; give each process a name of its own"));
  }
  if (group.size != request.size) {
    return absl::FailedPreconditionError(
        absl::StrCat("group ", request.group, " has ", group.size, " members for ",
                     Names(group.tickets), ", but ", request.size, " for ", request.member));
  }
  for (const auto& [name, id] : group.tickets) {
    for (const auto& [op, theirs] : tickets_.at(id).request.environments) {
      const auto ours = request.environments.find(op);
      if (ours == request.environments.end() || ours->second == theirs) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "op ", op, ": ", request.member, " and ", name,
          " have different environments (device, driver or libraries), so that decisions which "
          "answer one do not answer the other; make them equal, or make two groups"));
    }
  }
  return absl::OkStatus();
}

absl::Status Groups::MakeRoom() {
  if (groups_.size() < options_.max_groups) return absl::OkStatus();
  std::erase_if(groups_, [](const auto& group) { return group.second.tickets.empty(); });
  if (groups_.size() < options_.max_groups) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("members of ", groups_.size(), " groups are here already; retry later"));
}

void Groups::Propose(Group& group) {
  uint64_t after = std::numeric_limits<uint64_t>::max();
  const uint64_t head = catalog_.Revision();
  for (const auto& [name, id] : group.tickets) {
    StorePosition& holds = tickets_[id].request.holds;
    if (holds.store_id != catalog_.store_id() || holds.revision > head) holds = {};
    after = std::min(after, holds.revision);
  }
  Catalog::Page page = catalog_.Since(after, std::numeric_limits<size_t>::max());
  group.proposal.agreement = absl::StrCat(options_.epoch, "-", next_agreement_++);
  group.proposal.cut = {catalog_.store_id(), page.complete_to};
  group.proposal.decisions =
      std::make_shared<const std::vector<DecisionPtr>>(std::move(page.decisions));
  pending_[group.proposal.agreement] = tickets_[group.tickets.begin()->second].request.group;
}

GroupState Groups::Look(uint64_t id) {
  MutexLock lock(mu_);
  ExpireOverdue();
  const Ticket& ticket = tickets_.at(id);
  if (ticket.outcome) return *ticket.outcome;
  const Group& group = groups_.at(ticket.request.group);
  if (!group.proposal.agreement.empty()) {
    GroupProposal proposal = group.proposal;
    proposal.after = ticket.request.holds.revision;
    return proposal;
  }
  GroupWaiting waiting;
  for (const auto& [name, other] : group.tickets) waiting.members.push_back(name);
  return waiting;
}

int64_t Groups::DeadlineNanos(uint64_t id) const {
  MutexLock lock(mu_);
  return tickets_.at(id).deadline_ns;
}

void Groups::Leave(uint64_t id) {
  MutexLock lock(mu_);
  const Ticket& ticket = tickets_.at(id);
  if (!ticket.outcome) Drop(id, absl::StrCat(ticket.request.member, " left"));
  tickets_.erase(id);
}

absl::StatusOr<AgreementState> Groups::Acknowledge(const std::string& agreement,
                                                   const std::string& member,
                                                   const std::string& refusal) {
  MutexLock lock(mu_);
  ExpireOverdue();
  if (const auto end = ended_.find(agreement); end != ended_.end()) return end->second;
  const auto pending = pending_.find(agreement);
  if (pending == pending_.end()) {
    return absl::NotFoundError(absl::StrCat("agreement ", agreement,
                                            " is not known: it is of another run of the daemon, "
                                            "or ended long ago"));
  }
  Group& group = groups_.at(pending->second);
  const auto found = group.tickets.find(member);
  if (found == group.tickets.end()) {
    return absl::NotFoundError(absl::StrCat("agreement ", agreement, " has no member ", member));
  }
  if (!refusal.empty()) {
    Decide(group, AgreementState::kOff, absl::StrCat(member, " refused: ", refusal));
    return AgreementState::kOff;
  }
  tickets_[found->second].acknowledged = true;
  for (const auto& [name, id] : group.tickets) {
    if (!tickets_[id].acknowledged) return AgreementState::kPending;
  }
  Decide(group, AgreementState::kPassed, "");
  return AgreementState::kPassed;
}

AgreementState Groups::StateOf(const std::string& agreement) {
  MutexLock lock(mu_);
  ExpireOverdue();
  if (pending_.contains(agreement)) return AgreementState::kPending;
  const auto end = ended_.find(agreement);
  return end == ended_.end() ? AgreementState::kUnknown : end->second;
}

void Groups::Decide(Group& group, AgreementState state, const std::string& reason) {
  const GroupProposal proposal = std::exchange(group.proposal, {});
  if (!proposal.agreement.empty()) Remember(proposal.agreement, state);
  if (state == AgreementState::kPassed) {
    group.agreement = proposal.agreement;
    group.cut = proposal.cut;
  } else {
    group.last_failure = reason;
  }
  for (const auto& [name, id] : std::exchange(group.tickets, {})) {
    tickets_[id].outcome = GroupOutcome{proposal.agreement, state, reason};
    tickets_[id].wake();
  }
}

void Groups::Remember(const std::string& agreement, AgreementState state) {
  pending_.erase(agreement);
  ended_[agreement] = state;
  ended_order_.push_back(agreement);
  if (ended_order_.size() <= options_.remembered) return;
  ended_.erase(ended_order_.front());
  ended_order_.pop_front();
}

void Groups::Drop(uint64_t id, const std::string& why) {
  Ticket& ticket = tickets_[id];
  Group& group = groups_.at(ticket.request.group);
  if (!group.proposal.agreement.empty()) {
    Decide(group, AgreementState::kOff, why);
    return;
  }
  const std::string reason = absl::StrCat(why, "; ", group.most, " of ", group.size,
                                          " members were there: ", group.most_names);
  group.tickets.erase(ticket.request.member);
  group.last_failure = reason;
  ticket.outcome = GroupOutcome{"", AgreementState::kOff, reason};
  ticket.wake();
  Wake(group);
}

void Groups::ExpireOverdue() {
  const int64_t now = clock_.NowNanos();
  for (auto& [id, ticket] : tickets_) {
    if (ticket.outcome || ticket.deadline_ns > now) continue;
    Drop(id, absl::StrCat("the time of ", ticket.request.member, " was over"));
  }
}

void Groups::Wake(const Group& group) const {
  for (const auto& [name, id] : group.tickets) tickets_.at(id).wake();
}

std::vector<GroupView> Groups::List() {
  MutexLock lock(mu_);
  ExpireOverdue();
  std::vector<GroupView> views;
  for (const auto& [name, group] : groups_) {
    GroupView& view = views.emplace_back();
    view.name = name;
    view.size = group.size;
    view.proposed = group.proposal.agreement;
    view.agreement = group.agreement;
    view.cut = group.cut;
    view.last_failure = group.last_failure;
    for (const auto& [member, id] : group.tickets) {
      const Ticket& ticket = tickets_.at(id);
      view.members.push_back({member, ticket.request.client, ticket.acknowledged});
    }
  }
  return views;
}

void Groups::Drain() {
  MutexLock lock(mu_);
  draining_ = true;
  for (auto& [name, group] : groups_) {
    if (!group.tickets.empty()) Decide(group, AgreementState::kOff, "the daemon is stopping");
  }
}

}  // namespace tactic
