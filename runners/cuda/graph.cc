#include "runners/cuda/graph.h"

#include "runners/cuda/status.h"

namespace tactic::cuda {

std::optional<timing::Failure> CaptureGraph(cudaStream_t stream,
                                            const std::function<void()>& launch, GraphExec& exec) {
  ThrowIf(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capturing");
  const auto thrown = timing::Guarded(launch);
  cudaGraph_t raw = nullptr;
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t ended = cudaStreamEndCapture(stream, &raw);
  const Graph graph(raw);
  if (thrown) return thrown;
  ThrowIf(launched, "launching it");
  ThrowIf(ended, "capturing it into a graph");
  size_t nodes = 0;
  ThrowIf(cudaGraphGetNodes(graph.get(), nullptr, &nodes), "counting its kernels");
  if (nodes == 0) {
    return timing::Failure{
        Outcome::kWrongResult,
        "launched nothing on the stream that it was given: its work escapes the graph"};
  }
  cudaGraphExec_t made = nullptr;
  ThrowIf(cudaGraphInstantiate(&made, graph.get(), 0), "instantiating its graph");
  exec.reset(made);
  ThrowIf(cudaGraphUpload(made, stream), "uploading its graph");
  return std::nullopt;
}

}  // namespace tactic::cuda
