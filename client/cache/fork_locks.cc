#include "client/cache/fork_locks.h"

#include <pthread.h>

#include <utility>

namespace tactic::cache_internal {
namespace {

// Never destroyed: objects of static lifetime may come here at the very end.
constinit std::mutex all_mu;
constinit ForkLocks* all = nullptr;  // Guarded by all_mu.

}  // namespace

// Handlers are dropped by the system when this library is unloaded.
ForkLocks::ForkLocks(std::vector<std::mutex*> locks) : locks_(std::move(locks)) {
  static const int registered = pthread_atfork(BeforeFork, AfterFork, AfterFork);
  static_cast<void>(registered);
  std::lock_guard lock(all_mu);
  next_ = all;
  if (all != nullptr) all->previous_ = this;
  all = this;
}

ForkLocks::~ForkLocks() {
  std::lock_guard lock(all_mu);
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ == nullptr ? all : previous_->next_) = next_;
}

void ForkLocks::BeforeFork() {
  all_mu.lock();
  for (const ForkLocks* each = all; each != nullptr; each = each->next_) {
    for (std::mutex* lock : each->locks_) lock->lock();
  }
}

void ForkLocks::AfterFork() {
  for (const ForkLocks* each = all; each != nullptr; each = each->next_) {
    for (std::mutex* lock : each->locks_) lock->unlock();
  }
  all_mu.unlock();
}

}  // namespace tactic::cache_internal
