#include "server/rpc/task_thread.h"

namespace tactic {

TaskThread::TaskThread(size_t max_waiting)
    : max_waiting_(max_waiting), thread_([this] { Loop(); }) {}

TaskThread::~TaskThread() {
  {
    MutexLock lock(mu_);
    ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool TaskThread::Post(Task task) {
  const Time now = std::chrono::steady_clock::now();
  MutexLock lock(mu_);
  if (tasks_.size() >= max_waiting_) return false;
  tasks_.emplace(std::pair(now, next_++), std::move(task));
  changed_.notify_all();
  return true;
}

void TaskThread::PostAt(Time when, Task task) {
  MutexLock lock(mu_);
  tasks_.emplace(std::pair(when, next_++), std::move(task));
  changed_.notify_all();
}

void TaskThread::Loop() {
  while (true) {
    Task task;
    {
      MutexLock lock(mu_);
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
        return !tasks_.empty() && tasks_.begin()->first.first <= std::chrono::steady_clock::now();
      };
      while (!due()) {
        if (ending_) return;
        if (tasks_.empty()) {
          changed_.wait(mu_);
        } else {
          changed_.wait_until(mu_, Time(tasks_.begin()->first.first));
        }
      }
      task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
    }
    task();
  }
}

}  // namespace tactic
