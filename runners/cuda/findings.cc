#include "runners/cuda/findings.h"

#include "runners/cuda/status.h"

namespace tactic::cuda {

Findings::Findings(size_t buffers)
    : bytes_(buffers * sizeof(Finding)), device_(Allocate(bytes_)), host_(AllocateHost(bytes_)) {}

void Findings::Clear(cudaStream_t stream) {
  ThrowIf(cudaMemsetAsync(device_.get(), 0, bytes_, stream), "checking a launch");
}

void Findings::Fetch(cudaStream_t stream) {
  ThrowIf(cudaMemcpyAsync(host_.get(), device_.get(), bytes_, cudaMemcpyDeviceToHost, stream),
          "checking a launch");
  ThrowIf(cudaStreamSynchronize(stream), "checking a launch");
}

}  // namespace tactic::cuda
