// ClientOptions::strict_ban_age: no answers from a table when nobody could have told of a ban for
// too long.
#pragma once

#include <chrono>
#include <mutex>

#include "client/link/status_board.h"
#include "tactic/cache.h"

namespace tactic::link {

// Thread-safe. `cache` and `board` outlive it.
class StrictBans {
 public:
  // `age` 0: never.
  StrictBans(std::chrono::milliseconds age, Cache& cache, const StatusBoard& board)
      : age_(age), cache_(cache), board_(board) {}

  // Whether the daemon has been silent for too long by now; the cache skips all calls then, until a
  // frame comes. Called several times a second, and with each frame.
  void Look() {
    if (age_.count() == 0) return;
    const std::lock_guard lock(mu_);
    const bool silent = board_.SilentFor(age_);
    if (silent == skips_) return;
    skips_ = silent;
    cache_.SkipAll(skips_);
  }

 private:
  const std::chrono::milliseconds age_;
  Cache& cache_;              // Synchronises itself.
  const StatusBoard& board_;  // Likewise.
  std::mutex mu_;
  bool skips_ = false;  // Guarded by mu_.
};

}  // namespace tactic::link
