#include "runners/cuda/memory.h"

#include <algorithm>
#include <new>

#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr int kGuard = 0xa5;
constexpr int kPoison = 0xff;  // NaN in every floating-point type.

}  // namespace

DeviceBytes Allocate(size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, std::max<size_t>(bytes, 1));
  if (error == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    throw std::bad_alloc();
  }
  ThrowIf(error, "allocating device memory");
  return DeviceBytes(static_cast<std::byte*>(memory));
}

HostBytes AllocateHost(size_t bytes) {
  void* memory = nullptr;
  ThrowIf(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault), "allocating host memory");
  return HostBytes(static_cast<std::byte*>(memory));
}

Stream MakeStream() {
  cudaStream_t stream = nullptr;
  ThrowIf(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
  return Stream(stream);
}

Event MakeEvent() {
  cudaEvent_t event = nullptr;
  ThrowIf(cudaEventCreate(&event), "making an event");
  return Event(event);
}

GuardedBytes::GuardedBytes(size_t capacity)
    : capacity_(capacity), memory_(Allocate(capacity + 2 * kGuardBytes)) {}

void GuardedBytes::Arm(size_t size, cudaStream_t stream) {
  size_ = size;
  ThrowIf(cudaMemsetAsync(memory_.get(), kGuard, kGuardBytes, stream), "writing a guard zone");
  ThrowIf(cudaMemsetAsync(data(), kPoison, size, stream), "poisoning an output");
  ThrowIf(cudaMemsetAsync(data() + size, kGuard, kGuardBytes, stream), "writing a guard zone");
}

void GuardedBytes::Check(Finding* finding, cudaStream_t stream) const {
  FindDamage(data(), size_, kGuardBytes, kGuard, finding, stream);
}

}  // namespace tactic::cuda
