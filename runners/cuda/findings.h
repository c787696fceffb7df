// What checks of one launch found, one Finding for each buffer: written by kernels, fetched at
// once.
#pragma once

#include <cstddef>

#include "runners/cuda/memory.h"
#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {

// Single-threaded. Throws CudaError.
class Findings {
 public:
  explicit Findings(size_t buffers);

  // For the kernels: zero since the last Clear.
  Finding* on_device(size_t buffer) const {
    return reinterpret_cast<Finding*>(device_.get()) + buffer;
  }
  void Clear(cudaStream_t stream);
  // Waits for the stream; from then on operator[] has what was found.
  void Fetch(cudaStream_t stream);
  const Finding& operator[](size_t buffer) const {
    return reinterpret_cast<const Finding*>(host_.get())[buffer];
  }

 private:
  size_t bytes_;
  DeviceBytes device_;
  HostBytes host_;
};

}  // namespace tactic::cuda
