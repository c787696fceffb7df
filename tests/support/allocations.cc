#include "tests/support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

thread_local size_t allocation_count = 0;
thread_local size_t allocation_bytes = 0;
std::atomic<size_t> allocations_of_process{0};

constexpr size_t kDefault = alignof(std::max_align_t);

// nullptr when there is no memory.
void* TryAllocate(size_t bytes, size_t alignment) noexcept {
  ++allocation_count;
  allocations_of_process.fetch_add(1, std::memory_order_relaxed);
  allocation_bytes += bytes;
  // aligned_alloc wants a multiple of the alignment; what would wrap is not to be had anyway.
  const size_t rounded = (bytes / alignment + 1) * alignment;
  return rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
}

void* Allocate(size_t bytes, size_t alignment) {
  void* memory = TryAllocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Every form, since the sanitizers' own would not meet ours.
void* operator new(size_t bytes) { return Allocate(bytes, kDefault); }
void* operator new[](size_t bytes) { return Allocate(bytes, kDefault); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return TryAllocate(bytes, kDefault);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return TryAllocate(bytes, kDefault);
}
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return TryAllocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return TryAllocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace tactic::testing {

AllocationCounter::AllocationCounter()
    : count_before_(allocation_count), bytes_before_(allocation_bytes) {}
size_t AllocationCounter::Count() const { return allocation_count - count_before_; }
size_t AllocationCounter::Bytes() const { return allocation_bytes - bytes_before_; }
size_t AllocationsOfProcess() { return allocations_of_process.load(); }

}  // namespace tactic::testing
