#include "client/cache/readers.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tactic::cache_internal {
namespace {

std::array<std::atomic<bool>, kOwnedSlots> taken{};
pthread_key_t at_thread_end;
std::atomic<bool> key_made{false};

// The key's value is the slot number + 1: a null value would not be passed.
void GiveBack(void* value) {
  const size_t number = reinterpret_cast<uintptr_t>(value) - 1;
  this_thread = kUnclaimed;
  taken[number].store(false, std::memory_order_release);
}

int Membarrier(int command) { return static_cast<int>(syscall(SYS_membarrier, command, 0, 0)); }

bool RegisterBarrier() {
#ifdef TACTIC_READERS_SEQ_CST
  return false;
#else
  return Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
#endif
}

// False: readers may not have passed a barrier.
bool BarrierInAllThreads() {
#ifndef TACTIC_READERS_SEQ_CST
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  if (!writers_have_barrier.load(std::memory_order_relaxed)) return true;  // Readers do it.
  if (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return true;
  return RegisterBarrier() && Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

// A thread that ends after this library was unloaded must not be sent into it.
struct KeyDeleter {
  ~KeyDeleter() {
    if (key_made.exchange(false)) pthread_key_delete(at_thread_end);
  }
} key_deleter;

// In a forked child only this thread is left.
void FreeSlotsOfOthers() {
  for (size_t number = 0; number < kOwnedSlots; ++number) {
    if (number != this_thread) taken[number].store(false, std::memory_order_relaxed);
  }
}

void PrepareProcess() {
  static const bool once = [] {
    key_made = pthread_key_create(&at_thread_end, GiveBack) == 0;
    pthread_atfork(nullptr, nullptr, FreeSlotsOfOthers);
    writers_have_barrier.store(RegisterBarrier(), std::memory_order_relaxed);
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

std::atomic<bool> writers_have_barrier{false};
thread_local constinit size_t this_thread = kUnclaimed;

size_t ClaimSlot() noexcept {
  for (size_t number = 0; number < kOwnedSlots; ++number) {
    if (taken[number].load(std::memory_order_relaxed)) continue;
    if (taken[number].exchange(true, std::memory_order_acquire)) continue;
    if (!key_made.load(std::memory_order_relaxed) ||
        pthread_setspecific(at_thread_end, reinterpret_cast<void*>(number + 1)) != 0) {
      taken[number].store(false, std::memory_order_release);
      break;
    }
    this_thread = number;
    return number;
  }
  return kOwnedSlots;  // Looks again at the next call.
}

Readers::Readers() { PrepareProcess(); }

uint64_t Readers::Total(Count count) const {
  uint64_t total = 0;
  for (const ReaderSlot& slot : slots_) total += slot.counts[count].load(std::memory_order_relaxed);
  return total;
}

std::vector<Readers::Inside> Readers::LookInside() const {
  std::vector<Inside> inside;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const uint64_t state = slots_[i].state.load(std::memory_order_seq_cst);
    const bool reading = i == kOwnedSlots ? state != 0 : (state & 1) != 0;
    if (reading) inside.push_back({i, state});
  }
  return inside;
}

bool Readers::HasLeft(const Inside& inside) const {
  const uint64_t state = slots_[inside.slot].state.load(std::memory_order_acquire);
  return inside.slot == kOwnedSlots ? state == 0 : state != inside.state;
}

void Readers::Retire(std::shared_ptr<const void> unlinked) {
  Retired fresh{std::move(unlinked), {}, false};
  if (BarrierInAllThreads()) {
    fresh.inside = LookInside();
  } else {
    fresh.for_good = true;
  }
  std::vector<Retired> done;  // Destroyed after the lock is let go.
  std::lock_guard lock(mu_);
  retired_.push_back(std::move(fresh));
  for (Retired& retired : retired_) {
    std::erase_if(retired.inside, [&](const Inside& inside) { return HasLeft(inside); });
  }
  const auto gone = std::partition(retired_.begin(), retired_.end(), [](const Retired& retired) {
    return retired.for_good || !retired.inside.empty();
  });
  std::move(gone, retired_.end(), std::back_inserter(done));
  retired_.erase(gone, retired_.end());
}

}  // namespace tactic::cache_internal
