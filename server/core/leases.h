// Keys that clients measure in their own processes: who holds which, for how long, what they found,
// and who is to blame when one dies. docs/leases.md tells the story. Owns no thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/catalog.h"
#include "server/core/clock.h"
#include "server/core/contest_record.h"
#include "server/core/lease_types.h"
#include "server/core/mutex.h"
#include "server/core/tuner.h"

namespace tactic {

// Thread-safe. One holder a key; a lane that is lent measures nothing else. A lease ends when its
// holder completes it, gives it up, is disconnected, or shows no sign of life for its time, by the
// monotonic clock. What a holder reported is kept for the next one until the key is decided, in
// memory: a restart of the daemon forgets it, and everything that was acknowledged is stored.
class Leases {
 public:
  // All outlive this.
  Leases(Tuner& tuner, Catalog& catalog, const Clock& clock, LeaseOptions options);
  ~Leases();
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  // Joins the queue, first come first served. `wake` is called when Look may say something new; it
  // must be short and not call back. InvalidArgument: no runner among the components, a lane that
  // is none or is of another device. ResourceExhausted: too many keys. Unavailable: draining.
  absl::StatusOr<uint64_t> Enter(LeaseRequest request, std::function<void()> wake);
  // REQUIRES: entered and not left.
  LeaseState Look(uint64_t ticket) const;
  // Leaves the queue. `received`: the caller has what Look said last. A grant that was not received
  // is taken back.
  void Leave(uint64_t ticket, bool received);

  // Of the holder. FailedPrecondition: the lease has ended, and how.
  absl::StatusOr<int64_t> Renew(const LeaseToken& token);  // Milliseconds from now.
  // InvalidArgument: it cannot be right; the lease has ended.
  absl::Status Report(const TrialReport& report);
  // Stores and publishes. The same token again: the same answer. InvalidArgument: the verdict does
  // not fit the trials; other errors: of the store. After both the lease goes on.
  absl::StatusOr<LeaseOutcome> Complete(const LeaseToken& token, const ContestVerdict& verdict);
  absl::Status GiveUp(const LeaseToken& token, const std::string& reason);
  // The holder's connection has ended: with it the lease, if it has not before.
  void Disconnected(const LeaseToken& token);

  std::string HolderOfLane(size_t lane) const;  // The client; empty: it is not lent.

  void Tick();   // Ends what is overdue; about once a second. So does every other call.
  void Drain();  // Grants nothing any more.

 private:
  struct Holder {
    LeaseToken token;
    std::string client;
    std::optional<size_t> lane;
    int64_t since_ns = 0;
    int64_t alive_ns = 0;     // Last sign of life.
    int64_t reported_ns = 0;  // Last report.
    bool listed = false;      // Its list of candidates is there.
    std::optional<uint32_t> launching;
    bool completing = false;  // Its result is being stored.
  };
  struct Entry {
    Entry(const Key& k, const std::vector<RunnerId>& r) : key(k), runners(r), record(r) {}
    const Key key;
    const std::vector<RunnerId> runners;
    // The contest that is not decided yet.
    ContestRecord record;
    uint64_t begun_at_revision = 0;
    uint32_t epoch = 0;  // Holders so far that reported something.
    double seconds = 0;  // That they measured.
    OpBans bans;         // Of the holder's contest: those of its grant.
    std::optional<Holder> holder;
    // How the last few leases ended, by fence, for those who come late.
    std::map<uint64_t, std::string> ends;
    std::optional<LeaseOutcome> last_outcome;  // Of the last one, if it was completed.
    uint64_t LastFence() const { return ends.empty() ? 0 : ends.rbegin()->first; }
  };
  struct Ticket {
    Fingerprint key;
    std::string client;
    std::optional<size_t> lane;
    std::string lane_name;
    bool again = false;
    std::vector<Neighbour> neighbours;
    uint64_t entered_at_revision = 0;
    std::function<void()> wake;
    LeaseState state;
  };
  struct Blame {
    Outcome outcome;
    std::string detail;
  };

  absl::StatusOr<Entry*> HeldBy(const LeaseToken& token) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Apply(const TrialReport& report, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Looks anew at all who wait, and wakes those for whom there is news.
  void Serve() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  LeaseState StateOf(const Ticket& ticket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  LeaseGrant Grant(const Ticket& ticket, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ExpireOverdue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends the lease without a result, unless its result is being stored; a candidate that is
  // announced failed as `blame` says.
  void End(Entry& entry, const std::string& how, const std::optional<Blame>& blame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Nobody holds the key, or its lane, any more.
  void Release(Entry& entry, std::string how) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Settle(Entry& entry, const LeaseOutcome& outcome) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell(TunerEvent::Kind kind, const Entry& entry, std::string detail) const;

  Tuner& tuner_;
  Catalog& catalog_;
  const Clock& clock_;
  const LeaseOptions options_;
  const size_t lanes_;
  uint64_t catalog_subscription_ = 0;
  uint64_t lane_subscription_ = 0;

  // Taken before the Tuner's mu_, never across a call to the store.
  mutable Mutex mu_;
  std::map<Fingerprint, Entry> entries_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, Ticket> tickets_ ABSL_GUARDED_BY(mu_);  // In the order of their coming.
  uint64_t next_ticket_ ABSL_GUARDED_BY(mu_) = 1;
  uint64_t next_fence_ ABSL_GUARDED_BY(mu_) = 1;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tactic
