// Who may use which lane: a contest of the queue, or the holder of a lease, who measures on the
// device in a process of its own (leases.h). One user a lane; while both wait they take turns.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace tactic {

// Not thread-safe.
class LaneTurns {
 public:
  enum class User { kNobody, kContest, kLease };

  explicit LaneTurns(size_t lanes) : lanes_(lanes) {}

  bool MayStartContest(size_t lane) const {
    const Lane& at = lanes_[lane];
    return at.user == User::kNobody && !(at.lease_waits && at.last == User::kContest);
  }
  bool MayLend(size_t lane, bool contest_waits) const {
    const Lane& at = lanes_[lane];
    return at.user == User::kNobody && !(contest_waits && at.last == User::kLease);
  }
  // REQUIRES: nobody uses it.
  void Take(size_t lane, User user) {
    lanes_[lane].user = user;
    lanes_[lane].last = user;
  }
  void Release(size_t lane) { lanes_[lane].user = User::kNobody; }
  // Whether somebody who could have a lease but for the lane waits. True: that is news.
  bool SetLeaseWaits(size_t lane, bool waits) {
    return std::exchange(lanes_[lane].lease_waits, waits) != waits;
  }

 private:
  struct Lane {
    User user = User::kNobody;
    User last = User::kNobody;
    bool lease_waits = false;
  };
  std::vector<Lane> lanes_;
};

}  // namespace tactic
