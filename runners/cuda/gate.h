// A gate on a stream: what is enqueued behind it starts when the host opens it, so that a sample
// never waits for the host.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tactic::cuda {

// Single-threaded. A gate that nobody opens opens itself after 200 ms. Behind a closed gate nothing
// may be loaded, allocated or copied, which could wait for the stream: only what ran before.
class HostGate {
 public:
  HostGate();
  ~HostGate();
  HostGate(const HostGate&) = delete;
  HostGate& operator=(const HostGate&) = delete;

  void Close(cudaStream_t stream);
  void Open();

 private:
  volatile uint32_t* flag_ = nullptr;  // In memory that the device reads.
  uint32_t ticket_ = 0;
};

}  // namespace tactic::cuda
