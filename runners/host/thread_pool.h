// The threads that host kernels run on: one pool per process, fork-join.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace tactic {

// Threads start when they are first needed and stay; idle ones spin for some microseconds, so that
// the layers of a model follow each other fast, and then block. Serves one caller at a time: others
// wait their turn. In the child of a fork the pool starts anew.
class ThreadPool {
 public:
  static ThreadPool& Process();

  // Calls fn(0) … fn(threads - 1), each once and all at the same time, fn(0) on the calling thread;
  // returns when all have returned, and all that they wrote is visible then. Allocates only when it
  // must start threads (std::system_error, with nothing run, if it cannot). `fn` must not throw and
  // must not call ParallelFor.
  template <typename Fn>
  void ParallelFor(int threads, const Fn& fn) {
    if (threads <= 1) {
      fn(0);
      return;
    }
    Run(
        threads, [](const void* f, int index) { (*static_cast<const Fn*>(f))(index); }, &fn);
  }

  // Makes sure that ParallelFor(threads, …) starts no thread. For Prepare.
  void Reserve(int threads);

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

 private:
  using Body = void (*)(const void* fn, int index);
  struct Worker {
    int index = 0;
    std::atomic<uint32_t> calls{0};  // Counts up once for each call that this worker takes part in.
  };

  ThreadPool() = default;
  void Run(int threads, Body body, const void* fn);
  void ReserveLocked(int threads);  // Needs caller_.
  void Loop(Worker& worker);

  std::mutex caller_;  // Guards workers_; held for the whole of a Run.
  std::vector<std::unique_ptr<Worker>> workers_;
  // The call in progress. Written by the caller before it raises Worker::calls, read by the workers
  // after.
  Body body_ = nullptr;
  const void* fn_ = nullptr;
  std::atomic<uint32_t> running_{0};  // Workers of this call that have not finished.
};

}  // namespace tactic
