#include "runners/cuda/gate.h"

#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {

HostGate::HostGate() {
  void* memory = nullptr;
  ThrowIf(cudaHostAlloc(&memory, sizeof(uint32_t), cudaHostAllocMapped), "allocating the gate");
  flag_ = static_cast<volatile uint32_t*>(memory);
  *flag_ = 0;
}

HostGate::~HostGate() { static_cast<void>(cudaFreeHost(const_cast<uint32_t*>(flag_))); }

// Unified addressing: the device reads it at the same address.
void HostGate::Close(cudaStream_t stream) { Gate(flag_, ++ticket_, stream); }

void HostGate::Open() { *flag_ = ticket_; }

}  // namespace tactic::cuda
