#include "runners/cuda/cuda_sampler.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <utility>

#include "runners/cuda/graph.h"
#include "runners/cuda/host_clock.h"
#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {
namespace {

using timing::Failure;
using timing::LaunchPhase;
using timing::Observation;

// So that the samples of a round read different copies of small weights, and one sweep makes all of
// them cold. What copies take is bounded by the L2's size.
constexpr size_t kMostCopies = 4096;
constexpr size_t kMostWorkspace = size_t{256} << 20;
constexpr double kScreenCut = 2;     // Times the default: not worth a timed sample,
constexpr double kUngatedNs = 10e3;  // after so much for what the host had the device wait.

Error OutOfMemory(uint64_t needed, uint64_t limit) {
  return {ErrorCode::kOutOfMemory, "the operands take " + std::to_string(needed) +
                                       " bytes of device memory; the limit for measuring is " +
                                       std::to_string(limit)};
}

std::string SlowClockText(double mhz, double usual_mhz) {
  const auto rounded = [](double value) { return std::to_string(std::lround(value)); };
  return "the SM clock was at " + rounded(mhz) + " MHz after the round, " + rounded(usual_mhz) +
         " is usual";
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
    candidates_.emplace_back().what = candidate;
  }
}

Result<std::unique_ptr<timing::Sampler>> CudaSampler::Create(timing::SamplerRequest request,
                                                             const CudaSamplerOptions& options,
                                                             SharedState& shared,
                                                             timing::LaunchObserver& observer) {
  std::unique_ptr<CudaSampler> sampler(
      new CudaSampler(std::move(request), options, shared, observer));
  std::optional<Error> error;
  auto failure = timing::Guarded([&] { error = sampler->PlanOperands(); });
  if (error) return *error;
  if (!failure) {
    failure = sampler->Step(timing::kNoCandidate, LaunchPhase::kReference,
                            options.reference_seconds, [&] { sampler->AddPlace(); });
  }
  if (!failure) return std::unique_ptr<timing::Sampler>(std::move(sampler));
  const auto code =
      failure->outcome == Outcome::kOutOfMemory ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
  return Error{code, "making operands and reference of " + ToText(sampler->request_.problem) +
                         ": " + timing::Printable(failure->detail)};
}

bool CudaSampler::IsCold(size_t input, const OpSchema& schema) const {
  if (request_.problem.inputs[input].dtype == DType::kAbsent) return false;
  return request_.policy.cache == CacheState::kAllCold ||
         (request_.policy.cache == CacheState::kWeightsCold && schema.inputs[input].weight);
}

// Three times the L2 in copies, so that walking them keeps each cold; fewer where memory is short
// or one call reads that much, and then sweeps do the rest. With what is left, more places.
std::optional<Error> CudaSampler::PlanOperands() {
  const OpSchema schema = request_.op.Schema();
  for (size_t i = 0; i < request_.problem.inputs.size(); ++i) {
    layout_.cold.push_back(IsCold(i, schema));
    if (layout_.cold.back()) cold_bytes_ += Bytes(request_.problem.inputs[i]);
  }
  const uint64_t limit = options_.memory_bytes;
  const size_t least = Operands::BytesFor(request_.op, request_.problem, layout_);
  const uint64_t sweep = cold_bytes_ > 0 ? ColdCache::SweepBytes(options_.l2_bytes) : 0;
  if (least + sweep > limit) return OutOfMemory(least + sweep, limit);
  const uint64_t left = limit - least - sweep;
  layout_.workspace_bytes = std::min<uint64_t>(kMostWorkspace, left / 2);
  if (cold_bytes_ > 0) {
    const size_t wanted = (3 * options_.l2_bytes + cold_bytes_ - 1) / cold_bytes_ + 1;
    const size_t affordable = 1 + (left - layout_.workspace_bytes) / cold_bytes_;
    layout_.copies = std::min({wanted, affordable, kMostCopies});
  }
  const uint64_t each = Operands::BytesFor(request_.op, request_.problem, layout_);
  most_places_ = std::clamp<size_t>((limit - sweep) / each, 1, options_.most_places);
  for (State& state : candidates_) state.shots.resize(most_places_);
  return std::nullopt;
}

void CudaSampler::AddPlace() {
  Place place;
  place.operands = std::make_unique<Operands>(request_.op, request_.problem, layout_, stream_);
  place.cold.emplace(place.operands->copies(), cold_bytes_, options_.l2_bytes,
                     options_.always_sweep);
  if (places_.empty()) {
    PrepareMeasuring(*place.operands);
  } else {
    place.operands->ShareReference(*places_[0].operands);
  }
  places_.push_back(std::move(place));
}

// What all places share.
void CudaSampler::PrepareMeasuring(Operands& operands) {
  start_ = MakeEvent();
  stop_ = MakeEvent();
  if (cold_bytes_ > 0) {
    const uint64_t bytes = ColdCache::SweepBytes(options_.l2_bytes);
    sweep_ = Allocate(bytes);
    ThrowIf(cudaMemsetAsync(sweep_.get(), 0, bytes, stream_), "clearing");
  }
  const double start = HostNowNs();
  if (request_.policy.validation != Validation::kNone) operands.ComputeReference();
  reference_ns_ = HostNowNs() - start;
}

void CudaSampler::Move() {
  place_ = rounds_++ % most_places_;
  if (place_ < places_.size()) return;
  const auto failure = Step(timing::kNoCandidate, LaunchPhase::kReference,
                            options_.reference_seconds, [&] { AddPlace(); });
  if (!failure) return;
  most_places_ = places_.size();
  place_ = 0;
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
  if (thrown) {  // A runner's own exception may hide an error of the device.
    if (const cudaError_t error = cudaStreamSynchronize(stream_); !IsHarmless(error)) {
      lost = ToText(error);
    }
  }
  if (!lost.empty()) observer_.Fatal(lost);
  return failure ? failure : thrown;
}

// Destroying a call runs the runner's code too.
void CudaSampler::Release(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  if (!state.prepared.call) return;
  static_cast<void>(Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    for (Shot& shot : state.shots) shot = {};
    state.prepared.call.reset();
  }));
}

Observation CudaSampler::Fail(int candidate, Failure failure) {
  Release(candidate);
  return {candidate, failure.outcome, 0, timing::Printable(std::move(failure.detail)), 0};
}

Observation CudaSampler::Screen(int candidate) {
  const double start = HostNowNs();
  State& state = candidates_[static_cast<size_t>(candidate)];
  place_ = 0;
  std::optional<Failure> failure = Prepare(candidate);
  if (!failure) failure = Capture(candidate, screen_calls_);
  if (!failure) failure = Validate(candidate);
  if (!failure) state.outputs_hash = here().operands->outputs_hash();
  if (!failure && !settled_) failure = Settle(candidate);
  if (!failure && !IsHopeless(candidate)) failure = Sample(candidate);
  Observation observation{candidate, Outcome::kMeasured, state.latest_ns, "", 0};
  if (failure) observation = Fail(candidate, std::move(*failure));
  observation.cost_ns = HostNowNs() - start;
  shared_.clock->Mark();
  return observation;
}

// By the replay that was checked.
bool CudaSampler::IsHopeless(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  const double reference = candidates_[0].latest_ns;
  return candidate != 0 && reference > 0 &&
         state.latest_ns > kScreenCut * reference + kUngatedNs / ShotOf(state).calls;
}

std::optional<Failure> CudaSampler::Prepare(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  std::optional<Failure> refused;
  const auto failure = Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    refused =
        timing::PrepareCall(state.what, request_.problem, layout_.workspace_bytes, state.prepared);
  });
  return failure ? failure : refused;
}

void CudaSampler::LaunchCalls(State& state) {
  const Shot& shot = ShotOf(state);
  const Operands& operands = *here().operands;
  for (int i = 0; i < shot.calls; ++i) {
    state.prepared.call->Launch(
        {.inputs = operands.inputs(shot.first_copy + static_cast<size_t>(i)),
         .outputs = operands.outputs(),
         .workspace = state.prepared.workspace_bytes > 0 ? operands.workspace() : nullptr,
         .stream = stream_});
  }
}

std::optional<Failure> CudaSampler::Capture(int candidate, int calls) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  Shot& shot = ShotOf(state);
  shot.calls = calls;
  shot.first_copy = here().cold->FirstCopyFor(calls);
  std::optional<Failure> refused;
  const auto failure = Step(candidate, LaunchPhase::kPrepare, options_.prepare_seconds, [&] {
    if (state.prepared.workspace_bytes > 0) here().operands->ProvideWorkspace();
    if (request_.policy.launch == LaunchMode::kEager) return;
    refused = CaptureGraph(
        stream_, [&] { LaunchCalls(state); }, shot.graph);
  });
  return failure ? failure : refused;
}

void CudaSampler::Enqueue(State& state) {
  if (const GraphExec& graph = ShotOf(state).graph) {
    ThrowIf(cudaGraphLaunch(graph.get(), stream_), "launching its graph");
  } else {
    LaunchCalls(state);
    ThrowIf(cudaGetLastError(), "launching it");
  }
}

void CudaSampler::EnqueueTimed(State& state) {
  ThrowIf(cudaEventRecord(start_.get(), stream_), "recording an event");
  Enqueue(state);
  ThrowIf(cudaEventRecord(stop_.get(), stream_), "recording an event");
}

void CudaSampler::ReadTime(State& state) {
  ThrowIf(cudaStreamSynchronize(stream_), "running it");
  float milliseconds = 0;
  ThrowIf(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "reading an event");
  state.latest_ns = 1e6 * static_cast<double>(milliseconds) / ShotOf(state).calls;
}

// The longest that one valid call may be expected to take: the default's time, or, before that is
// known, the reference's.
double CudaSampler::ReferencePoint() const {
  return candidates_[0].latest_ns > 0 ? candidates_[0].latest_ns : reference_ns_;
}

std::optional<Failure> CudaSampler::Validate(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  const Shot& shot = ShotOf(state);
  Operands& operands = *here().operands;
  const double seconds = 5 + 20e-9 * ReferencePoint() * shot.calls;
  std::optional<Failure> wrong;
  const auto failure = Step(candidate, LaunchPhase::kValidate, seconds, [&] {
    operands.Arm(state.prepared.workspace_bytes);
    EnqueueTimed(state);
    here().cold->NoteRead(shot.first_copy, shot.calls);
    ReadTime(state);
    if (request_.policy.validation != Validation::kNone) wrong = operands.Check();
  });
  return failure ? failure : wrong;
}

// The first candidate that runs warms the device up and tells how many calls make a sample.
std::optional<Failure> CudaSampler::Settle(int candidate) {
  std::optional<Failure> failure;
  shared_.clock->Steady([&] {
    if (!failure) failure = Sample(candidate);
  });
  if (!failure) failure = Sample(candidate);
  if (failure) return failure;
  const double one = candidates_[static_cast<size_t>(candidate)].latest_ns;
  const int most = std::min(options_.most_calls, here().cold->MostCalls());
  const auto calls_for = [&](double ns) {
    return static_cast<int>(std::clamp<double>(std::ceil(ns / one), 1, most));
  };
  calls_ = calls_for(options_.sample_ns);
  screen_calls_ = calls_for(options_.screen_ns);
  settled_ = true;
  return screen_calls_ == 1 ? std::nullopt : Capture(candidate, screen_calls_);
}

std::optional<Failure> CudaSampler::Enter(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  if (!state.prepared.call) {
    return Failure{Outcome::kRejected, "sampled without having been screened"};
  }
  if (ShotOf(state).in_rounds) return std::nullopt;
  if (ShotOf(state).calls != calls_) {
    if (auto failure = Capture(candidate, calls_)) return failure;
  }
  if (auto failure = Validate(candidate)) return failure;
  ShotOf(state).in_rounds = true;
  if (here().operands->outputs_hash() != state.outputs_hash) {
    state.remark =
        "not deterministic: two launches on the same inputs differ, within the tolerance";
  }
  return std::nullopt;
}

std::optional<Failure> CudaSampler::Sample(int candidate) {
  State& state = candidates_[static_cast<size_t>(candidate)];
  const Shot& shot = ShotOf(state);
  const double predicted = 1e-9 * shot.calls * state.latest_ns;
  return Step(candidate, LaunchPhase::kSample, 1 + 10 * predicted, [&] {
    if (here().cold->Prepare(shot.first_copy, shot.calls)) {
      Sweep(sweep_.get(), ColdCache::SweepBytes(options_.l2_bytes), stream_);
    }
    if (request_.policy.cache == CacheState::kWeightsCold) here().operands->TouchActivations();
    if (request_.policy.cache == CacheState::kWarm) Enqueue(state);
    // An eager launch is timed with the host's part in it, so nothing may wait for a gate there.
    const bool gated = request_.policy.launch != LaunchMode::kEager;
    if (gated) shared_.gate->Close(stream_);
    EnqueueTimed(state);
    if (gated) shared_.gate->Open();
    ReadTime(state);
  });
}

std::vector<Observation> CudaSampler::Round(std::span<const int> candidates) {
  constexpr std::chrono::milliseconds kPauses[] = {std::chrono::milliseconds(250),
                                                   std::chrono::milliseconds(1000),
                                                   std::chrono::milliseconds(4000)};
  Move();
  const int warm = candidates.front();
  shared_.clock->Steady([&] {
    if (!Enter(warm)) static_cast<void>(Sample(warm));
  });
  std::vector<Observation> failures;
  const std::vector<int> entered = EnterAll(candidates, failures);
  std::vector<Observation> observations;
  for (const auto pause : kPauses) {
    observations = RoundOnce(entered);
    const double mhz = shared_.clock->Probe();
    const bool disturbed = usual_mhz_ > 0 && mhz < options_.clock_drop * usual_mhz_;
    const bool failed =
        !failures.empty() || std::any_of(observations.begin(), observations.end(),
                                         [](const auto& o) { return !IsValid(o.outcome); });
    if (!disturbed || failed || observer_.StopRequested()) {
      usual_mhz_ = usual_mhz_ == 0 ? mhz : 0.9 * usual_mhz_ + 0.1 * mhz;
      break;
    }
    discards_.push_back(
        {SlowClockText(mhz, usual_mhz_), static_cast<uint32_t>(observations.size())});
    std::this_thread::sleep_for(pause);  // For whatever slows the device to pass.
  }
  shared_.clock->Mark();
  observations.insert(observations.end(), failures.begin(), failures.end());
  return observations;
}

// Before any is sampled, so that the samples of a round follow each other closely, and copies that
// the checks have read become cold all at once.
std::vector<int> CudaSampler::EnterAll(std::span<const int> candidates,
                                       std::vector<Observation>& failures) {
  std::vector<int> entered;
  for (const int candidate : candidates) {
    if (observer_.StopRequested()) break;
    const double start = HostNowNs();
    std::optional<Failure> failure = Enter(candidate);
    const double cost_ns = HostNowNs() - start;
    candidates_[static_cast<size_t>(candidate)].entering_ns += cost_ns;
    if (failure) {
      failures.push_back(Fail(candidate, std::move(*failure)));
      failures.back().cost_ns = cost_ns;
    } else {
      entered.push_back(candidate);
    }
  }
  return entered;
}

std::vector<Observation> CudaSampler::RoundOnce(std::span<const int> candidates) {
  std::vector<Observation> observations;
  observations.reserve(candidates.size());
  for (int candidate : candidates) {
    if (observer_.StopRequested()) break;
    const double start = HostNowNs();
    std::optional<Failure> failure = Enter(candidate);  // Gone, if it has failed in this round.
    if (!failure) failure = Sample(candidate);
    State& state = candidates_[static_cast<size_t>(candidate)];
    const double entering_ns = std::exchange(state.entering_ns, 0);
    observations.push_back(
        failure ? Fail(candidate, std::move(*failure))
                : Observation{candidate, Outcome::kMeasured, state.latest_ns, state.remark, 0});
    observations.back().cost_ns = HostNowNs() - start + entering_ns;
  }
  return observations;
}

}  // namespace tactic::cuda
