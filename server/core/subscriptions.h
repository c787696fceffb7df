// Callbacks that are woken by topic.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/core/mutex.h"

namespace tactic {

// Thread-safe. Callbacks run on the waking thread, one at a time, and must be short: they note that
// there is something to do, and do it elsewhere. They must not call back into this object.
class Subscriptions {
 public:
  // Calls `wake` on each Wake of `topic`, until Remove of the returned id returns.
  uint64_t Add(std::string topic, std::function<void()> wake) {
    MutexLock lock(mu_);
    callbacks_[topic].emplace(next_id_, std::move(wake));
    topics_.emplace(next_id_, std::move(topic));
    return next_id_++;
  }

  // Waits for a call in progress. Unknown ids are ignored.
  void Remove(uint64_t id) {
    MutexLock lock(mu_);
    const auto topic = topics_.find(id);
    if (topic == topics_.end()) return;
    const auto callbacks = callbacks_.find(topic->second);
    callbacks->second.erase(id);
    if (callbacks->second.empty()) callbacks_.erase(callbacks);
    topics_.erase(topic);
  }

  void Wake(const std::string& topic) {
    MutexLock lock(mu_);
    const auto callbacks = callbacks_.find(topic);
    if (callbacks == callbacks_.end()) return;
    for (const auto& [id, wake] : callbacks->second) wake();
  }

 private:
  Mutex mu_;  // Held while callbacks run, so that Remove waits for them.
  std::map<std::string, std::map<uint64_t, std::function<void()>>> callbacks_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, std::string> topics_ ABSL_GUARDED_BY(mu_);
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace tactic
