// Device memory and other things of CUDA's that free themselves.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>

#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {

struct FreeDevice {
  void operator()(void* p) const noexcept { static_cast<void>(cudaFree(p)); }
};
using DeviceBytes = std::unique_ptr<std::byte, FreeDevice>;
// 256-byte aligned, at least one byte. Throws std::bad_alloc when the device has no more.
DeviceBytes Allocate(size_t bytes);

struct DestroyStream {
  void operator()(cudaStream_t s) const noexcept { static_cast<void>(cudaStreamDestroy(s)); }
};
struct DestroyEvent {
  void operator()(cudaEvent_t e) const noexcept { static_cast<void>(cudaEventDestroy(e)); }
};
struct DestroyGraph {
  void operator()(cudaGraph_t g) const noexcept { static_cast<void>(cudaGraphDestroy(g)); }
};
struct DestroyGraphExec {
  void operator()(cudaGraphExec_t g) const noexcept { static_cast<void>(cudaGraphExecDestroy(g)); }
};
template <typename Handle, typename Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy>;
using Stream = Owned<cudaStream_t, DestroyStream>;
using Event = Owned<cudaEvent_t, DestroyEvent>;
using Graph = Owned<cudaGraph_t, DestroyGraph>;
using GraphExec = Owned<cudaGraphExec_t, DestroyGraphExec>;

// Throw CudaError. The stream does not wait for the default one.
Stream MakeStream();
Event MakeEvent();

// Page-locked memory of the host: copies to it need no staging.
struct FreeHost {
  void operator()(void* p) const noexcept { static_cast<void>(cudaFreeHost(p)); }
};
using HostBytes = std::unique_ptr<std::byte, FreeHost>;
HostBytes AllocateHost(size_t bytes);

// Device memory for an output or a workspace between two guard zones of 4 KiB. Its size may change
// with each candidate; its address does not, so that what was captured stays right.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t capacity);

  std::byte* data() const { return memory_.get() + kGuardBytes; }
  size_t capacity() const { return capacity_; }
  // Writes the guard zones of the first `size` bytes anew, and poison between them.
  void Arm(size_t size, cudaStream_t stream);
  // Has the guard zones looked at, into `finding`.
  void Check(Finding* finding, cudaStream_t stream) const;

  static constexpr size_t kGuardBytes = 4096;

 private:
  size_t capacity_;
  size_t size_ = 0;
  DeviceBytes memory_;
};

}  // namespace tactic::cuda
