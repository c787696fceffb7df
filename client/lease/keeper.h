// Keeps a lease alive while its holder measures.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "client/link/connection.h"
#include "runners/timing/launch_observer.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::lease {

// Renews from a thread of its own, three times in the lease's life, but not past the deadline of
// the launch that is under way: whoever hangs must lose it. The lease is lost when the daemon says
// so, or when its time has passed since the last success was sent for. Begin and End are of the
// measuring thread; the rest is thread-safe. `stub` outlives it.
class LeaseKeeper final : public timing::LaunchObserver {
 public:
  LeaseKeeper(v1::Tuning::Stub& stub, v1::LeaseToken token, link::Millis ttl);
  ~LeaseKeeper() override;
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  void Begin(int candidate, timing::LaunchPhase phase, double deadline_seconds) override;
  void End() override { due_ns_ = 0; }
  bool StopRequested() override { return lost_; }

  bool lost() const { return lost_; }
  std::string why() const;  // Once it is lost.

 private:
  void Loop();
  void Renew();
  void Lose(std::string why);

  v1::Tuning::Stub& stub_;
  const v1::LeaseToken token_;
  const link::Millis ttl_;
  std::atomic<int64_t> due_ns_{0};  // Of the launch under way, as link::BootNanos; 0 = none.
  std::atomic<bool> lost_{false};
  int64_t renewed_ns_;  // Of the thread.

  mutable std::mutex mu_;
  std::condition_variable stopped_;
  bool stopping_ = false;                   // Guarded by mu_.
  grpc::ClientContext* current_ = nullptr;  // Guarded by mu_.
  std::string why_;                         // Guarded by mu_.
  std::thread thread_;                      // Last: uses all the others.
};

}  // namespace tactic::lease
