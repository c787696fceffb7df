#include "bench/gpu/fixed_count.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "bench/gpu/delay.h"
#include "bench/gpu/phase_clock.h"
#include "runners/cuda/memory.h"
#include "runners/cuda/operands.h"
#include "runners/cuda/status.h"
#include "runners/timing/failure.h"

namespace tactic::bench {
namespace {

using cuda::ThrowIf;

constexpr int kWarmUps = 2;
constexpr int kFewRepeats = 2;
constexpr int kRepeats = 10;
constexpr double kShortNs = 1e6;  // What takes longer is not repeated ten times.
constexpr uint64_t kDelayNs = 100'000;
constexpr size_t kWorkspaceBytes = size_t{256} << 20;

cuda::Operands::Layout LayoutOf(const Problem& problem, uint64_t l2_bytes) {
  size_t bytes = 0;
  for (const Tensor& input : problem.inputs) bytes += Bytes(input);
  cuda::Operands::Layout layout;
  layout.cold.assign(problem.inputs.size(), true);
  layout.copies = std::min<size_t>(3 * l2_bytes / std::max<size_t>(bytes, 1) + 1, kRepeats + 1);
  layout.workspace_bytes = kWorkspaceBytes;
  return layout;
}

class FixedCount {
 public:
  FixedCount(const RegretProblem& problem, uint64_t l2_bytes) : problem_(problem) {
    operands_.emplace(*problem.entry->op, problem.problem, LayoutOf(problem.problem, l2_bytes),
                      stream_.get());
    operands_->ProvideWorkspace();
  }

  FixedCountResult Run() {
    FixedCountResult result;
    const auto start = Clock::now();
    for (size_t i = 0; i < problem_.list.candidates.size(); ++i) {
      double ns = 0;
      const auto failure = timing::Guarded([&] { ns = Profile(i); });
      static_cast<void>(cudaGetLastError());
      result.nanoseconds.push_back(failure ? 0 : ns);
      const bool best =
          result.pick < 0 || ns < result.nanoseconds[static_cast<size_t>(result.pick)];
      if (!failure && best) result.pick = static_cast<int>(i);
    }
    result.seconds = SecondsSince(start);
    result.launches = launches_;
    return result;
  }

 private:
  void Launch(sdk::Call& call, size_t copy) {
    ++launches_;
    call.Launch({.inputs = operands_->inputs(copy),
                 .outputs = operands_->outputs(),
                 .workspace = operands_->workspace(),
                 .stream = stream_.get()});
  }

  void CopyInputs() {
    for (size_t copy = 1; copy < operands_->copies(); ++copy) {
      for (size_t i = 0; i < problem_.problem.inputs.size(); ++i) {
        void* const to = const_cast<void*>(operands_->inputs(copy)[i]);
        if (to == nullptr) continue;
        ThrowIf(cudaMemcpyAsync(to, operands_->inputs(0)[i], Bytes(problem_.problem.inputs[i]),
                                cudaMemcpyDeviceToDevice, stream_.get()),
                "copying an input");
      }
    }
  }

  double Profile(size_t candidate) {
    auto prepared = problem_.list.runners[candidate]->Prepare(
        problem_.problem, problem_.list.candidates[candidate].tactic);
    if (!prepared.ok()) throw std::runtime_error(prepared.error().message);
    const std::unique_ptr<sdk::Call> call = *std::move(prepared);
    CopyInputs();
    for (int i = 0; i < kWarmUps; ++i) Launch(*call, operands_->copies() - 1);
    const double few = Repeat(*call, kFewRepeats);
    return few > kShortNs ? few : Repeat(*call, kRepeats);
  }

  double Repeat(sdk::Call& call, int repeats) {
    const cuda::GraphExec graph = Capture(call, repeats);
    ThrowIf(cudaStreamSynchronize(stream_.get()), "warming up");
    Delay(kDelayNs, stream_.get());
    ThrowIf(cudaEventRecord(start_.get(), stream_.get()), "recording an event");
    ThrowIf(cudaGraphLaunch(graph.get(), stream_.get()), "launching a graph");
    ThrowIf(cudaEventRecord(stop_.get(), stream_.get()), "recording an event");
    ThrowIf(cudaStreamSynchronize(stream_.get()), "running a graph");
    float milliseconds = 0;
    ThrowIf(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "reading an event");
    return 1e6 * static_cast<double>(milliseconds) / repeats;
  }

  // Not cuda::CaptureGraph: what it checks and uploads is no part of the procedure.
  cuda::GraphExec Capture(sdk::Call& call, int repeats) {
    ThrowIf(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal), "capturing");
    const auto thrown = timing::Guarded([&] {
      for (int i = 0; i < repeats; ++i) Launch(call, static_cast<size_t>(i));
    });
    cudaGraph_t raw = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream_.get(), &raw);
    const cuda::Graph graph(raw);
    if (thrown) throw std::runtime_error(thrown->detail);
    ThrowIf(ended, "capturing");
    cudaGraphExec_t exec = nullptr;
    ThrowIf(cudaGraphInstantiate(&exec, graph.get(), 0), "instantiating a graph");
    return cuda::GraphExec(exec);
  }

  const RegretProblem& problem_;
  const cuda::Stream stream_ = cuda::MakeStream();
  const cuda::Event start_ = cuda::MakeEvent();
  const cuda::Event stop_ = cuda::MakeEvent();
  std::optional<cuda::Operands> operands_;
  int launches_ = 0;
};

}  // namespace

FixedCountResult RunFixedCount(const RegretProblem& problem, uint64_t l2_bytes) {
  return FixedCount(problem, l2_bytes).Run();
}

}  // namespace tactic::bench
