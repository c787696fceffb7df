// Reading an object that another thread replaces, with plain stores on the reader's side.
//
// Each thread owns one slot of a Readers. It marks the slot (odd = reading), loads the pointer,
// uses the object, and marks the slot again. A thread that replaces the object swaps the pointer,
// makes every running thread pass a full barrier (membarrier), and then looks at the slots: one
// that is even, or has moved on since, cannot hold the old object. Where the kernel has no
// membarrier, or the thread sanitizer watches, readers pay for the barrier themselves.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define TACTIC_READERS_SEQ_CST 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TACTIC_READERS_SEQ_CST 1
#endif
#endif

namespace tactic::cache_internal {

// Slots with an owner; threads beyond that many at one time share the last slot and count in it
// with locked instructions.
inline constexpr size_t kOwnedSlots = 256;

// What a slot counts beside.
enum Count : uint8_t { kHit, kMiss, kNotRunnable, kMalformed, kMapperFailed, kSkipped, kCounts };

struct alignas(64) ReaderSlot {
  std::atomic<uint64_t> state{0};  // Owned: odd while reading. Shared: how many are reading.
  std::array<std::atomic<uint64_t>, kCounts> counts{};
};

// The slot number of this thread, the same in every Readers of the process, or kUnclaimed.
inline constexpr size_t kUnclaimed = kOwnedSlots + 1;
extern thread_local constinit size_t this_thread;

// Claims a number for this thread, until it ends; kOwnedSlots when all are taken.
size_t ClaimSlot() noexcept;

inline size_t ThreadSlot() noexcept {
  if (this_thread != kUnclaimed) [[likely]]
    return this_thread;
  return ClaimSlot();
}

// True: writers can make readers pass a barrier. Constant after the first Readers is made.
extern std::atomic<bool> writers_have_barrier;

class Readers {
 public:
  Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  ReaderSlot& slot(size_t number) { return slots_[number]; }
  uint64_t Total(Count count) const;

  // Lets go of `unlinked`, which no pointer leads to any more, once no reader can hold it: now if
  // none is reading, else in a later Retire or in the destructor. Never waits.
  void Retire(std::shared_ptr<const void> unlinked);

  std::mutex& mutex() { return mu_; }  // For ForkLocks.

 private:
  // A reader seen inside: its slot, and the state it had.
  struct Inside {
    size_t slot;
    uint64_t state;
  };
  struct Retired {
    std::shared_ptr<const void> object;
    std::vector<Inside> inside;  // Who was, after the unlinking, and may still be.
    bool for_good = false;       // No barrier was to be had: kept until the end.
  };
  std::vector<Inside> LookInside() const;
  bool HasLeft(const Inside& inside) const;

  std::array<ReaderSlot, kOwnedSlots + 1> slots_;
  std::mutex mu_;
  std::vector<Retired> retired_;  // Guarded by mu_.
};

// Orders a reader's mark in its own slot before the load of the pointer.
[[gnu::always_inline]] inline void Mark(ReaderSlot& slot, uint64_t state) noexcept {
#ifdef TACTIC_READERS_SEQ_CST
  slot.state.store(state, std::memory_order_seq_cst);
#else
  slot.state.store(state, std::memory_order_relaxed);
  if (writers_have_barrier.load(std::memory_order_relaxed)) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
#endif
}

// While one lives, what its thread loads from an atomic pointer stays alive. Nests, also in signal
// handlers. This one is of a thread with a slot of its own: that is what hits pay for.
class OwnedReading {
 public:
  // REQUIRES: number is this thread's, and below kOwnedSlots.
  [[gnu::always_inline]] OwnedReading(Readers& readers, size_t number) noexcept
      : slot_(readers.slot(number)), before_(slot_.state.load(std::memory_order_relaxed)) {
    Mark(slot_, before_ | 1);
  }
  [[gnu::always_inline]] ~OwnedReading() {
    if ((before_ & 1) == 0) [[likely]]
      slot_.state.store(before_ + 2, std::memory_order_release);
  }
  OwnedReading(const OwnedReading&) = delete;
  OwnedReading& operator=(const OwnedReading&) = delete;

  [[gnu::always_inline]] void Add(Count count) noexcept {
    std::atomic<uint64_t>& n = slot_.counts[count];
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

 private:
  ReaderSlot& slot_;
  const uint64_t before_;
};

// The same of a thread that found none.
class SharedReading {
 public:
  explicit SharedReading(Readers& readers) noexcept : slot_(readers.slot(kOwnedSlots)) {
    slot_.state.fetch_add(1, std::memory_order_seq_cst);
  }
  ~SharedReading() { slot_.state.fetch_sub(1, std::memory_order_release); }
  SharedReading(const SharedReading&) = delete;
  SharedReading& operator=(const SharedReading&) = delete;

  void Add(Count count) noexcept { slot_.counts[count].fetch_add(1, std::memory_order_relaxed); }

 private:
  ReaderSlot& slot_;
};

// Calls use(reading) while this thread reads.
template <typename Use>
auto WhileReading(Readers& readers, Use use) {
  const size_t number = ThreadSlot();
  if (number == kOwnedSlots) [[unlikely]] {
    SharedReading reading(readers);
    return use(reading);
  }
  OwnedReading reading(readers, number);
  return use(reading);
}

}  // namespace tactic::cache_internal
