// CUDA's results as ours.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "tactic/model/result.h"

namespace tactic::cuda {

// "an illegal memory access was encountered (cudaErrorIllegalAddress, 700)".
std::string ToText(cudaError_t error);

// Whether the context lives on after this error: a launch that was refused or an allocation that
// found no memory harms nobody; everything else leaves a context in which every later call fails.
bool IsHarmless(cudaError_t error);

// A CUDA call of our own that failed, as an exception: `what()` says which and how.
class CudaError : public std::runtime_error {
 public:
  CudaError(const std::string& doing, cudaError_t error)
      : std::runtime_error(doing + ": " + ToText(error)), error_(error) {}
  cudaError_t error() const { return error_; }

 private:
  cudaError_t error_;
};

// Throws CudaError unless `error` is success.
void ThrowIf(cudaError_t error, const char* doing);

}  // namespace tactic::cuda
