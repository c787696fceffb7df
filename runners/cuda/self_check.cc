#include "runners/cuda/self_check.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "runners/cuda/graph.h"
#include "runners/cuda/memory.h"
#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"
#include "runners/timing/statistics.h"

namespace tactic::cuda {
namespace {

constexpr int kSamples = 15;
constexpr int kPairs = 32;
constexpr int kEmptyCalls = 17;
constexpr int kCalls = 16;          // Of a sample that reads.
constexpr uint64_t kPieces = 4;     // The L2 holds so many of what one call reads,
constexpr uint64_t kRotation = 13;  // and so many copies take turns: over 3 x L2.
constexpr double kClearly = 1.15;   // Cold must be so many times slower than warm.

class Checker {
 public:
  Checker(HostGate& gate, cudaStream_t stream) : gate_(gate), stream_(stream) {}

  GraphExec Capture(const std::function<void()>& launch) {
    GraphExec graph;
    static_cast<void>(CaptureGraph(stream_, launch, graph));
    static_cast<void>(SampleNs(graph));
    return graph;
  }

  double SampleNs(const GraphExec& graph) {
    gate_.Close(stream_);
    ThrowIf(cudaEventRecord(start_.get(), stream_), "recording an event");
    ThrowIf(cudaGraphLaunch(graph.get(), stream_), "launching a graph");
    ThrowIf(cudaEventRecord(stop_.get(), stream_), "recording an event");
    gate_.Open();
    ThrowIf(cudaStreamSynchronize(stream_), "checking the device");
    float milliseconds = 0;
    ThrowIf(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "reading an event");
    return 1e6 * static_cast<double>(milliseconds);
  }

  double MedianNs(const GraphExec& graph) {
    std::vector<double> samples;
    for (int i = 0; i < kSamples; ++i) samples.push_back(SampleNs(graph));
    return timing::Median(samples);
  }

 private:
  HostGate& gate_;
  const cudaStream_t stream_;
  const Event start_ = MakeEvent();
  const Event stop_ = MakeEvent();
};

}  // namespace

SelfCheck CheckSelf(uint64_t l2_bytes, HostGate& gate, SmClock& clock, cudaStream_t stream) {
  const uint64_t piece = l2_bytes / kPieces / 256 * 256;
  const DeviceBytes memory = Allocate(kRotation * piece);
  ThrowIf(cudaMemsetAsync(memory.get(), 1, kRotation * piece, stream), "checking the device");
  Checker checker(gate, stream);
  const auto reading = [&](uint64_t copies) {
    return checker.Capture([&, copies] {
      for (uint64_t i = 0; i < kCalls; ++i) Sweep(memory.get() + i % copies * piece, piece, stream);
    });
  };
  const GraphExec warm = reading(1);
  const GraphExec cold = reading(kRotation);
  clock.Steady([&] { static_cast<void>(checker.SampleNs(cold)); });

  SelfCheck check;
  const GraphExec one = checker.Capture([&] { Nothing(stream); });
  const GraphExec many = checker.Capture([&] {
    for (int i = 0; i < kEmptyCalls; ++i) Nothing(stream);
  });
  check.empty_graph_ns = checker.MedianNs(one);
  check.empty_call_ns =
      std::max((checker.MedianNs(many) - check.empty_graph_ns) / (kEmptyCalls - 1), 0.0);
  check.warm_ns = checker.MedianNs(warm) / kCalls;
  check.cold_ns = checker.MedianNs(cold) / kCalls;
  check.cold = check.cold_ns > kClearly * check.warm_ns;
  std::vector<double> ratios;
  for (int i = 0; i < kPairs; ++i) {
    const double first = checker.SampleNs(cold);
    ratios.push_back(std::log(checker.SampleNs(cold) / first));
  }
  check.repeat_error = timing::kMadToSigma * timing::MedianAbsoluteDeviation(ratios, 0);
  clock.Mark();
  return check;
}

}  // namespace tactic::cuda
