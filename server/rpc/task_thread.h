// One thread that runs what it is given, now or later.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/core/mutex.h"

namespace tactic {

// Tasks run in the order of their times, one at a time, with no lock held. Thread-safe.
class TaskThread {
 public:
  using Task = std::function<void()>;
  using Time = std::chrono::steady_clock::time_point;

  explicit TaskThread(size_t max_waiting);
  // Runs what is due, drops what is not.
  ~TaskThread();
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // False, and `task` is dropped, when `max_waiting` tasks wait already.
  [[nodiscard]] bool Post(Task task);
  // Always accepted: for callers that have one task at a time.
  void PostAt(Time when, Task task);

 private:
  void Loop();

  const size_t max_waiting_;
  Mutex mu_;
  ConditionVariable changed_;  // Of mu_.
  // The number keeps tasks of one time in the order in which they came.
  std::map<std::pair<Time, uint64_t>, Task> tasks_ ABSL_GUARDED_BY(mu_);
  uint64_t next_ ABSL_GUARDED_BY(mu_) = 0;
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace tactic
