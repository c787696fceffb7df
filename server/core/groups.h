// Groups of processes that agree on one state of the store: who takes part, what is proposed, and
// the one place where it is decided. docs/groups.md tells the protocol. Owns no thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/catalog.h"
#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace tactic {

struct StorePosition {
  std::string store_id;
  uint64_t revision = 0;
  bool operator==(const StorePosition&) const = default;
};

struct GroupRequest {
  std::string group;
  std::string member;
  size_t size = 0;
  int64_t limit_ms = 0;
  std::string client;   // For people.
  StorePosition holds;  // Exactly; of another store, or none: all is sent.
  std::map<std::string, Fingerprint> environments;  // By op.
};

enum class AgreementState { kPending, kPassed, kOff, kUnknown };

// How a member stands.
struct GroupWaiting {
  std::vector<std::string> members;  // That are there.
  bool operator==(const GroupWaiting&) const = default;
};
// What is sent of a cut; shared by all members.
struct GroupProposal {
  std::string agreement;
  StorePosition cut;
  std::shared_ptr<const std::vector<DecisionPtr>> decisions;  // By revision.
  uint64_t after = 0;                                         // Only those with greater revisions.
};
struct GroupOutcome {
  std::string agreement;  // Empty: nothing was proposed yet.
  AgreementState state = AgreementState::kOff;
  std::string reason;
};
using GroupState = std::variant<GroupWaiting, GroupProposal, GroupOutcome>;

struct GroupView {
  struct Member {
    std::string name;
    std::string client;
    bool acknowledged = false;
  };
  std::string name;
  size_t size = 0;
  std::vector<Member> members;
  std::string proposed;
  std::string agreement;  // The last one passed.
  StorePosition cut;
  std::string last_failure;
};

struct AgreementOptions {
  std::string epoch;        // Random, of this run of the daemon: names of agreements begin with it.
  size_t max_groups = 256;  // Beyond that, those in which nobody takes part are forgotten.
  size_t remembered = 4096;  // Agreements whose end is known.
};

// Thread-safe. An agreement is passed when the last of its members acknowledges it, and off when
// one of them leaves, refuses or is out of time before that; both for good. What is passed is in
// memory: after a restart of the daemon nobody can say how an agreement ended that was under way.
class Groups {
 public:
  // Both outlive this.
  Groups(const Catalog& catalog, const Clock& clock, AgreementOptions options);
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  // Takes part in the group's next agreement. `wake` is called when Look may say something new; it
  // must be short and not call back. FailedPrecondition: another size, or environment, than those
  // who are there. AlreadyExists: the member is there. ResourceExhausted: too many groups.
  // Unavailable: draining.
  absl::StatusOr<uint64_t> Join(GroupRequest request, std::function<void()> wake);
  // REQUIRES: joined and not left. Stays the same after an outcome.
  GroupState Look(uint64_t ticket);
  // When the ticket's time is over, by the clock; Look has to be called then.
  int64_t DeadlineNanos(uint64_t ticket) const;
  void Leave(uint64_t ticket);

  // Of a member that was proposed to. `refusal` empty: it holds the cut. The outcome as it is then.
  // NotFound: no such agreement, or member in it.
  absl::StatusOr<AgreementState> Acknowledge(const std::string& agreement,
                                             const std::string& member, const std::string& refusal);
  AgreementState StateOf(const std::string& agreement);

  std::vector<GroupView> List();

  void Drain();  // All that is under way is off; nobody can join.

 private:
  struct Group {
    size_t size = 0;
    std::map<std::string, uint64_t> tickets;  // Of the members that are there, by name.
    size_t most = 0;                          // That were there at once since there were none,
    std::string most_names;                   // for people.
    GroupProposal proposal;                   // None while its name is empty.
    std::string agreement;                    // The last one passed.
    StorePosition cut;
    std::string last_failure;
  };
  struct Ticket {
    GroupRequest request;
    int64_t deadline_ns = 0;
    std::function<void()> wake;
    bool acknowledged = false;
    std::optional<GroupOutcome> outcome;  // Then it is in no group any more.
  };

  absl::Status CheckFits(const Group& group, const GroupRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Propose(Group& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends the round of all who are there.
  void Decide(Group& group, AgreementState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Remember(const std::string& agreement, AgreementState state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A member is out of the round before its end: alone while members are missing, with all others
  // once it was proposed.
  void Drop(uint64_t ticket, const std::string& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ExpireOverdue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Wake(const Group& group) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Catalog& catalog_;
  const Clock& clock_;
  const AgreementOptions options_;

  mutable Mutex mu_;
  std::map<std::string, Group> groups_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, Ticket> tickets_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> pending_ ABSL_GUARDED_BY(mu_);  // Group by agreement.
  std::map<std::string, AgreementState> ended_ ABSL_GUARDED_BY(mu_);
  std::deque<std::string> ended_order_ ABSL_GUARDED_BY(mu_);  // The oldest first.
  uint64_t next_ticket_ ABSL_GUARDED_BY(mu_) = 1;
  uint64_t next_agreement_ ABSL_GUARDED_BY(mu_) = 1;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tactic
