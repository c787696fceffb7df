// The streams that are open: how many there may be, and how they all are told to end.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/core/mutex.h"

namespace tactic {

class Stream {
 public:
  virtual ~Stream() = default;
  // Both thread-safe.
  virtual void Drain() = 0;  // Ends in an orderly way, soon.
  // Ends if its client takes nothing: if the frame that was being written at the last call still
  // is.
  virtual void EndIfStuck() {}
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
  // To be called at intervals: a client that takes no frame from one to the next loses its stream,
  // so that those who never read do not keep others out.
  void EndStuck();

 private:
  std::vector<std::shared_ptr<Stream>> Open() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_streams_;
  mutable Mutex mu_;
  std::map<const Stream*, std::weak_ptr<Stream>> streams_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tactic
