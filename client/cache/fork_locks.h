// What makes an object with locks usable in a forked child: the forking thread takes them all
// before the fork, so that none is held by a thread that the child does not have, and gives them
// back on both sides.
#pragma once

#include <mutex>
#include <vector>

namespace tactic::cache_internal {

// For its lifetime, forks wait for these locks. Listed in the order in which they nest; no thread
// holds locks of two objects at once.
class ForkLocks {
 public:
  explicit ForkLocks(std::vector<std::mutex*> locks);
  ~ForkLocks();
  ForkLocks(const ForkLocks&) = delete;
  ForkLocks& operator=(const ForkLocks&) = delete;

 private:
  static void BeforeFork();
  static void AfterFork();

  const std::vector<std::mutex*> locks_;
  ForkLocks* next_ = nullptr;
  ForkLocks* previous_ = nullptr;
};

}  // namespace tactic::cache_internal
