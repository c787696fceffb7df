#include "runners/cuda/status.h"

namespace tactic::cuda {

std::string ToText(cudaError_t error) {
  return std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) + ", " +
         std::to_string(static_cast<int>(error)) + ")";
}

bool IsHarmless(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
    case cudaErrorMemoryAllocation:
    case cudaErrorInvalidValue:
    case cudaErrorInvalidConfiguration:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorInvalidResourceHandle:
    case cudaErrorLaunchOutOfResources:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorNotSupported:
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
    case cudaErrorStreamCaptureMerge:
    case cudaErrorStreamCaptureUnmatched:
    case cudaErrorStreamCaptureUnjoined:
    case cudaErrorStreamCaptureIsolation:
    case cudaErrorStreamCaptureImplicit:
    case cudaErrorStreamCaptureWrongThread:
      return true;
    default:
      return false;
  }
}

void ThrowIf(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  if (IsHarmless(error)) static_cast<void>(cudaGetLastError());  // Leave none for the next call.
  throw CudaError(doing, error);
}

}  // namespace tactic::cuda
