#include "runners/cuda/memory.h"

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr int kGuard = 0xa5;
constexpr int kPoison = 0xff;  // NaN in every floating-point type.

using Zone = std::array<unsigned char, GuardedBytes::kGuardBytes>;

Zone Fetch(const std::byte* from, cudaStream_t stream) {
  Zone zone;
  ThrowIf(cudaMemcpyAsync(zone.data(), from, zone.size(), cudaMemcpyDeviceToHost, stream),
          "reading a guard zone");
  ThrowIf(cudaStreamSynchronize(stream), "reading a guard zone");
  return zone;
}

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

GuardedBytes::GuardedBytes(size_t capacity)
    : capacity_(capacity), memory_(Allocate(capacity + 2 * kGuardBytes)) {}

void GuardedBytes::Arm(size_t size, cudaStream_t stream) {
  size_ = size;
  ThrowIf(cudaMemsetAsync(memory_.get(), kGuard, kGuardBytes, stream), "writing a guard zone");
  ThrowIf(cudaMemsetAsync(data(), kPoison, size, stream), "poisoning an output");
  ThrowIf(cudaMemsetAsync(data() + size, kGuard, kGuardBytes, stream), "writing a guard zone");
}

std::optional<std::string> GuardedBytes::Damage(cudaStream_t stream) const {
  const Zone before = Fetch(memory_.get(), stream);
  const auto first = std::find_if(before.begin(), before.end(), [](int c) { return c != kGuard; });
  if (first != before.end()) {
    return std::to_string(before.end() - first) + " bytes before its start";
  }
  const Zone behind = Fetch(data() + size_, stream);
  const auto last = std::find_if(behind.rbegin(), behind.rend(), [](int c) { return c != kGuard; });
  if (last == behind.rend()) return std::nullopt;
  return std::to_string(behind.rend() - last) + " bytes behind its end";
}

}  // namespace tactic::cuda
