#include "runners/cuda/cuda_sampler.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <utility>

#include "runners/cuda/host_clock.h"
#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {
namespace {

using timing::Failure;
using timing::LaunchPhase;
using timing::Observation;

constexpr size_t kMostCopies = 256;
constexpr size_t kMostWorkspace = size_t{256} << 20;
constexpr double kScreenCut = 4;  // Times the best: not worth a timed sample.

Event MakeEvent() {
  cudaEvent_t event = nullptr;
  ThrowIf(cudaEventCreate(&event), "making an event");
  return Event(event);
}

Error OutOfMemory(uint64_t needed, uint64_t limit) {
  return {ErrorCode::kOutOfMemory, "the operands take " + std::to_string(needed) +
                                       " bytes of device memory; the limit for measuring is " +
                                       std::to_string(limit)};
}

}  // namespace

CudaSampler::CudaSampler(timing::SamplerRequest request, const CudaSamplerOptions& options,
                         SharedState& shared, timing::LaunchObserver& observer)
    : request_(std::move(request)),
      options_(options),
      shared_(shared),
      observer_(observer),
      stream_(shared.stream.get()) {
  for (const timing::SamplerCandidate& candidate : request_.candidates) {
    candidates_.push_back({.what = candidate});
  }
}

Result<std::unique_ptr<timing::Sampler>> CudaSampler::Create(timing::SamplerRequest request,
                                                             const CudaSamplerOptions& options,
                                                             SharedState& shared,
                                                             timing::LaunchObserver& observer) {
  std::unique_ptr<CudaSampler> sampler(
      new CudaSampler(std::move(request), options, shared, observer));
  Operands::Layout layout;
  std::optional<Error> error;
  auto failure = timing::Guarded([&] { error = sampler->PlanOperands(layout); });
  if (error) return *error;
  const Problem& problem = sampler->request_.problem;
  if (!failure) {
    failure = sampler->Step(
        timing::kNoCandidate, LaunchPhase::kReference, options.reference_seconds, [&] {
          sampler->operands_ =
              std::make_unique<Operands>(sampler->request_.op, problem, layout, sampler->stream_);
          sampler->Open();
        });
  }
  if (!failure) return std::unique_ptr<timing::Sampler>(std::move(sampler));
  const auto code =
      failure->outcome == Outcome::kOutOfMemory ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
  return Error{code, "making operands and reference of " + ToText(problem) + ": " +
                         timing::Printable(failure->detail)};
}

bool CudaSampler::IsCold(size_t input, const OpSchema& schema) const {
  if (request_.problem.inputs[input].dtype == DType::kAbsent) return false;
  return request_.policy.cache == CacheState::kAllCold ||
         (request_.policy.cache == CacheState::kWeightsCold && schema.inputs[input].weight);
}

// Three times the L2 in copies, so that walking them keeps each cold; fewer where memory is short
// or one call reads that much, and then sweeps do the rest.
std::optional<Error> CudaSampler::PlanOperands(Operands::Layout& layout) const {
  const OpSchema schema = request_.op.Schema();
  size_t cold = 0;
  for (size_t i = 0; i < request_.problem.inputs.size(); ++i) {
    layout.cold.push_back(IsCold(i, schema));
    if (layout.cold.back()) cold += Bytes(request_.problem.inputs[i]);
  }
  const uint64_t limit = options_.memory_bytes;
  const size_t least = Operands::BytesFor(request_.op, request_.problem, layout);
  const uint64_t sweep = 2 * options_.l2_bytes;
  if (least + sweep > limit) return OutOfMemory(least + sweep, limit);
  const uint64_t left = limit - least - sweep;
  layout.workspace_bytes = std::min<uint64_t>(kMostWorkspace, left / 2);
  if (cold > 0) {
    const size_t wanted = (3 * options_.l2_bytes + cold - 1) / cold + 1;
    const size_t affordable = 1 + (left - layout.workspace_bytes) / cold;
    layout.copies = std::min({wanted, affordable, kMostCopies});
  }
  return std::nullopt;
}

void CudaSampler::Open() {
  const OpSchema schema = request_.op.Schema();
  for (size_t i = 0; i < request_.problem.inputs.size(); ++i) {
    if (IsCold(i, schema)) cold_bytes_ += Bytes(request_.problem.inputs[i]);
  }
  copy_read_at_.assign(operands_->copies(), 0);
  if (cold_bytes_ > 0) {
    sweep_ = Allocate(2 * options_.l2_bytes);
    ThrowIf(cudaMemsetAsync(sweep_.get(), 0, 2 * options_.l2_bytes, stream_), "clearing");
    bytes_read_ = 2 * options_.l2_bytes;
  }
  start_ = MakeEvent();
  stop_ = MakeEvent();
  if (request_.policy.validation == Validation::kNone) return;
  const double start = HostNowNs();
  operands_->ComputeReference();
  reference_ns_ = HostNowNs() - start;
}

CudaSampler::~CudaSampler() {
  for (size_t i = 0; i < candidates_.size(); ++i) Release(static_cast<int>(i));
}

template <typename Body>
std::optional<Failure> CudaSampler::Step(int candidate, LaunchPhase phase, double seconds,
                                         Body&& body) {
  const timing::LaunchStep step(observer_, candidate, phase, seconds);
  std::optional<Failure> failure;
  std::string lost;
  static_cast<void>(cudaGetLastError());  // What another candidate's code left behind.
  const auto thrown = timing::Guarded([&] {
    try {
      body();
      // Of an asynchronous fault, too, the candidate in the journal is the cause.
      ThrowIf(cudaStreamSynchronize(stream_), "running it");
    } catch (const CudaError& e) {
      if (!IsHarmless(e.error())) lost = e.what();
      const bool memory = e.error() == cudaErrorMemoryAllocation;
      failure = {memory ? Outcome::kOutOfMemory : Outcome::kRejected, e.what()};
    }
  });
  // A runner's own exception may hide an error of the device.
  if (const cudaError_t error = cudaStreamSynchronize(stream_); !IsHarmless(error)) {
    if (lost.empty()) lost = ToText(error);
  }
  if (!lost.empty()) observer_.Fatal(lost);
  return failure ? failure : thrown;
}

// Destroying a call runs the runner's code too.
void CudaSampler::Release(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  if (!state.call) return;
  static_cast<void>(Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    state.graph.reset();
    state.call.reset();
  }));
}

Observation CudaSampler::Fail(int candidate, Failure failure) {
  Release(candidate);
  return {candidate, failure.outcome, 0, timing::Printable(std::move(failure.detail)), 0};
}

Observation CudaSampler::Screen(int candidate) {
  const double start = HostNowNs();
  std::optional<Failure> failure = Prepare(candidate);
  if (!failure) failure = Capture(candidate);
  if (!failure) failure = Validate(candidate);
  if (!failure && !settled_) failure = Settle(candidate);
  State& state = candidates_[static_cast<size_t>(candidate)];
  const double reference = candidates_[0].latest_ns;
  const bool hopeless = candidate != 0 && reference > 0 && state.latest_ns > kScreenCut * reference;
  if (!failure && !hopeless) failure = Sample(candidate);
  Observation observation{candidate, Outcome::kMeasured, state.latest_ns, "", 0};
  if (failure) observation = Fail(candidate, std::move(*failure));
  observation.cost_ns = HostNowNs() - start;
  return observation;
}

std::optional<Failure> CudaSampler::Prepare(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  state.first_copy = static_cast<size_t>(candidate) * static_cast<size_t>(calls_);
  std::optional<Failure> refused;
  const auto failure = Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    auto call = state.what.runner->Prepare(request_.problem, state.what.tactic);
    if (!call.ok()) {
      const bool memory = call.error().code == ErrorCode::kOutOfMemory;
      refused = {memory ? Outcome::kOutOfMemory : Outcome::kRejected, call.error().message};
      return;
    }
    if (*call == nullptr) {
      refused = {Outcome::kRejected, "Prepare gave no call"};
      return;
    }
    state.workspace_bytes = (*call)->WorkspaceBytes();
    if (state.workspace_bytes > kMostWorkspace) {
      refused = {Outcome::kOutOfMemory,
                 "needs a workspace of " + std::to_string(state.workspace_bytes) +
                     " bytes; at most " + std::to_string(kMostWorkspace) + " are given"};
      return;
    }
    state.call = std::move(*call);
  });
  return failure ? failure : refused;
}

void CudaSampler::LaunchCalls(State& state) {
  for (int i = 0; i < calls_; ++i) {
    state.call->Launch({.inputs = operands_->inputs(state.first_copy + static_cast<size_t>(i)),
                        .outputs = operands_->outputs(),
                        .workspace = operands_->workspace(),
                        .stream = stream_});
  }
}

std::optional<Failure> CudaSampler::Capture(int candidate) {
  if (request_.policy.launch == LaunchMode::kEager) return std::nullopt;
  State& state = candidates_[static_cast<size_t>(candidate)];
  std::optional<Failure> refused;
  const auto failure = Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    ThrowIf(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capturing");
    const auto thrown = timing::Guarded([&] { LaunchCalls(state); });
    cudaGraph_t raw = nullptr;
    const cudaError_t launched = cudaGetLastError();
    const cudaError_t ended = cudaStreamEndCapture(stream_, &raw);
    const Graph graph(raw);
    if (thrown) {
      refused = thrown;
      return;
    }
    ThrowIf(launched, "launching it");
    ThrowIf(ended, "capturing it into a graph");
    size_t nodes = 0;
    ThrowIf(cudaGraphGetNodes(graph.get(), nullptr, &nodes), "counting its kernels");
    if (nodes == 0) {
      refused = {Outcome::kWrongResult,
                 "launched nothing on the stream that it was given: its work escapes the graph"};
      return;
    }
    cudaGraphExec_t exec = nullptr;
    ThrowIf(cudaGraphInstantiate(&exec, graph.get(), 0), "instantiating its graph");
    state.graph.reset(exec);
    ThrowIf(cudaGraphUpload(exec, stream_), "uploading its graph");
  });
  return failure ? failure : refused;
}

void CudaSampler::Enqueue(State& state) {
  if (state.graph) {
    ThrowIf(cudaGraphLaunch(state.graph.get(), stream_), "launching its graph");
  } else {
    LaunchCalls(state);
    ThrowIf(cudaGetLastError(), "launching it");
  }
}

// The longest that one valid call may be expected to take: the default's time, or, before that is
// known, the reference's.
double CudaSampler::ReferencePoint() const {
  return candidates_[0].latest_ns > 0 ? candidates_[0].latest_ns : reference_ns_;
}

std::optional<Failure> CudaSampler::Validate(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  const double seconds = 5 + 20e-9 * ReferencePoint() * calls_;
  std::optional<Failure> wrong;
  const auto failure = Step(candidate, LaunchPhase::kValidate, seconds, [&] {
    if (state.workspace_bytes > 0 && operands_->workspace() == nullptr) throw std::bad_alloc();
    operands_->Arm(state.workspace_bytes);
    ThrowIf(cudaEventRecord(start_.get(), stream_), "recording an event");
    Enqueue(state);
    ThrowIf(cudaEventRecord(stop_.get(), stream_), "recording an event");
    ThrowIf(cudaStreamSynchronize(stream_), "running it");
    float milliseconds = 0;
    ThrowIf(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "reading an event");
    state.latest_ns = 1e6 * static_cast<double>(milliseconds) / calls_;
    if (request_.policy.validation != Validation::kNone) wrong = operands_->Check();
  });
  return failure ? failure : wrong;
}

// The first candidate that runs warms the device up and tells how many calls make a sample. The
// same number for all, so that what a graph costs beside its kernels is the same for all.
std::optional<Failure> CudaSampler::Settle(int candidate) {
  std::optional<Failure> failure;
  shared_.clock->Steady([&] {
    if (!failure) failure = Sample(candidate);
  });
  if (!failure) failure = Sample(candidate);
  if (failure) return failure;
  const double one = candidates_[static_cast<size_t>(candidate)].latest_ns;
  calls_ = static_cast<int>(
      std::clamp<double>(std::ceil(options_.sample_ns / one), 1, options_.most_calls));
  settled_ = true;
  return Capture(candidate);
}

// Each copy that the sample reads must have been evicted.
void CudaSampler::MakeCold(const State& state) {
  if (cold_bytes_ == 0) return;
  const uint64_t enough = 2 * options_.l2_bytes;
  const size_t calls = std::min(static_cast<size_t>(calls_), operands_->copies());
  bool warm = false;
  for (size_t i = 0; i < calls; ++i) {
    const uint64_t read_at = copy_read_at_[(state.first_copy + i) % operands_->copies()];
    warm = warm || bytes_read_ - read_at < enough;
  }
  if (warm) {
    Sweep(sweep_.get(), enough, stream_);
    bytes_read_ += enough;
  }
  bytes_read_ += calls * cold_bytes_;
  for (size_t i = 0; i < calls; ++i) {
    copy_read_at_[(state.first_copy + i) % operands_->copies()] = bytes_read_;
  }
}

std::optional<Failure> CudaSampler::Sample(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  if (!state.call) return Failure{Outcome::kRejected, "sampled without having been screened"};
  const double predicted = 1e-9 * calls_ * state.latest_ns;
  return Step(candidate, LaunchPhase::kSample, 1 + 10 * predicted, [&] {
    MakeCold(state);
    if (request_.policy.cache == CacheState::kWeightsCold) operands_->TouchActivations();
    if (request_.policy.cache == CacheState::kWarm) Enqueue(state);
    // An eager launch is timed with the host's part in it, so nothing may wait for a gate there.
    const bool gated = request_.policy.launch != LaunchMode::kEager;
    if (gated) shared_.gate->Close(stream_);
    ThrowIf(cudaEventRecord(start_.get(), stream_), "recording an event");
    Enqueue(state);
    ThrowIf(cudaEventRecord(stop_.get(), stream_), "recording an event");
    if (gated) shared_.gate->Open();
    ThrowIf(cudaStreamSynchronize(stream_), "running it");
    float milliseconds = 0;
    ThrowIf(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "reading an event");
    state.latest_ns = 1e6 * static_cast<double>(milliseconds) / calls_;
  });
}

std::vector<Observation> CudaSampler::Round(std::span<const int> candidates) {
  constexpr std::chrono::milliseconds kPauses[] = {std::chrono::milliseconds(250),
                                                   std::chrono::milliseconds(1000),
                                                   std::chrono::milliseconds(4000)};
  const int warm = candidates.front();
  shared_.clock->Steady([&] { static_cast<void>(Sample(warm)); });
  std::vector<Observation> observations;
  for (const auto pause : kPauses) {
    observations = RoundOnce(candidates);
    const double mhz = shared_.clock->Probe();
    const bool disturbed = usual_mhz_ > 0 && mhz < options_.clock_drop * usual_mhz_;
    const bool failed = std::any_of(observations.begin(), observations.end(),
                                    [](const Observation& o) { return !IsValid(o.outcome); });
    if (!disturbed || failed || observer_.StopRequested()) {
      usual_mhz_ = usual_mhz_ == 0 ? mhz : 0.9 * usual_mhz_ + 0.1 * mhz;
      break;
    }
    std::this_thread::sleep_for(pause);  // For whatever slows the device to pass.
  }
  shared_.clock->Mark();
  return observations;
}

std::vector<Observation> CudaSampler::RoundOnce(std::span<const int> candidates) {
  std::vector<Observation> observations;
  observations.reserve(candidates.size());
  for (int candidate : candidates) {
    if (observer_.StopRequested()) break;
    const double start = HostNowNs();
    std::optional<Failure> failure = Sample(candidate);
    const State& state = candidates_[static_cast<size_t>(candidate)];
    observations.push_back(
        failure ? Fail(candidate, std::move(*failure))
                : Observation{candidate, Outcome::kMeasured, state.latest_ns, "", 0});
    observations.back().cost_ns = HostNowNs() - start;
  }
  return observations;
}

}  // namespace tactic::cuda
