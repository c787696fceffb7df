#include "runners/host/thread_pool.h"

#include <pthread.h>

#include <thread>

namespace tactic {

namespace {

// About 15 µs where a pause takes 140 cycles, less where it is shorter: longer than the gap between
// two layers, far shorter than what a neighbour would notice.
constexpr int kSpins = 256;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Returns once `value` differs from `old`.
void AwaitChange(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

std::atomic<ThreadPool*> process_pool{nullptr};

// The child of a fork has none of the threads and perhaps a locked mutex: it forgets the pool.
void ForgetPoolInChild() { process_pool.store(nullptr); }

}  // namespace

// Never destroyed: threads of the program may still compute while statics are destroyed.
ThreadPool& ThreadPool::Process() {
  static const int registered = pthread_atfork(nullptr, nullptr, ForgetPoolInChild);
  static_cast<void>(registered);
  ThreadPool* pool = process_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  auto* fresh = new ThreadPool;
  if (process_pool.compare_exchange_strong(pool, fresh)) return *fresh;
  delete fresh;
  return *pool;
}

void ThreadPool::Reserve(int threads) {
  const std::scoped_lock lock(caller_);
  ReserveLocked(threads);
}

void ThreadPool::ReserveLocked(int threads) {
  if (threads > 1) workers_.reserve(static_cast<size_t>(threads) - 1);
  while (static_cast<int>(workers_.size()) < threads - 1) {
    auto worker = std::make_unique<Worker>();
    worker->index = static_cast<int>(workers_.size()) + 1;
    std::thread([this, raw = worker.get()] { Loop(*raw); }).detach();
    workers_.push_back(std::move(worker));
  }
}

void ThreadPool::Run(int threads, Body body, const void* fn) {
  const std::scoped_lock lock(caller_);
  ReserveLocked(threads);
  body_ = body;
  fn_ = fn;
  running_.store(static_cast<uint32_t>(threads - 1));
  for (int i = 0; i < threads - 1; ++i) {
    workers_[i]->calls.fetch_add(1);
    workers_[i]->calls.notify_one();
  }
  body(fn, 0);
  for (uint32_t left = running_.load(); left != 0; left = running_.load()) {
    AwaitChange(running_, left);
  }
}

void ThreadPool::Loop(Worker& worker) {
  for (uint32_t done = 0;; ++done) {
    AwaitChange(worker.calls, done);
    body_(fn_, worker.index);
    if (running_.fetch_sub(1) == 1) running_.notify_one();
  }
}

}  // namespace tactic
