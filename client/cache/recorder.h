// Where ChooseOne goes while a Capture or a Replay lives (tactic/capture.h).
#pragma once

#include <mutex>
#include <span>

#include "client/cache/compiled_op.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

// A Capture or a Replay. OnCall is called under the recorder's lock.
class Session {
 public:
  virtual ~Session() = default;
  // True: `forced` is the answer. False: the call goes on as usual.
  virtual bool OnCall(const CompiledOp& op, std::span<const Shape> shapes,
                      Choice& forced) noexcept = 0;
};

// One at a time. Thread-safe.
class Recorder {
 public:
  // False: another one is active.
  bool Start(Session* session) {
    std::lock_guard lock(mu_);
    if (session_ != nullptr) return false;
    session_ = session;
    return true;
  }
  // No call uses the session any more when it returns.
  void End() {
    std::lock_guard lock(mu_);
    session_ = nullptr;
  }
  bool OnCall(const CompiledOp& op, std::span<const Shape> shapes, Choice& forced) noexcept {
    std::lock_guard lock(mu_);
    return session_ != nullptr && session_->OnCall(op, shapes, forced);
  }

  std::mutex& mutex() { return mu_; }  // For ForkLocks.

 private:
  std::mutex mu_;
  Session* session_ = nullptr;  // Guarded by mu_.
};

}  // namespace tactic::cache_internal
