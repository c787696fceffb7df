// Launches as a CUDA graph.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <optional>

#include "runners/cuda/memory.h"
#include "runners/timing/failure.h"

namespace tactic::cuda {

// Captures what `launch` puts onto `stream`, instantiates it into `exec` and uploads it. What a
// candidate's launch did wrong is its failure: an exception, and work that escapes the graph.
// Throws CudaError.
std::optional<timing::Failure> CaptureGraph(cudaStream_t stream,
                                            const std::function<void()>& launch, GraphExec& exec);

}  // namespace tactic::cuda
