// The streams that are open: how many there may be, and how they all are told to end.
#pragma once

#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/core/mutex.h"

namespace tactic {

class Stream {
 public:
  virtual ~Stream() = default;
  virtual void Drain() = 0;  // Ends in an orderly way, soon. Thread-safe.
};

// Thread-safe.
class StreamRegistry {
 public:
  explicit StreamRegistry(size_t max_streams) : max_streams_(max_streams) {}

  // ResourceExhausted: too many. Unavailable: draining.
  absl::Status Add(const std::shared_ptr<Stream>& stream);
  void Remove(const Stream* stream);
  size_t size() const;
  // Tells all that are there, and refuses new ones.
  void Drain();

 private:
  const size_t max_streams_;
  mutable Mutex mu_;
  std::map<const Stream*, std::weak_ptr<Stream>> streams_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tactic
