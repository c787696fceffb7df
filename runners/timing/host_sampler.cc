#include "runners/timing/host_sampler.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "runners/timing/prepare.h"
#include "runners/timing/statistics.h"

namespace tactic::timing {
namespace {

constexpr uint64_t kOperandSeed = 0x6f706572616e6400;
constexpr double kLongCallNs = 1e6;  // Above: one sample is enough of a first look.
constexpr double kHopeless = 4;      // Times the best: not worth a second launch.
constexpr size_t kLine = 64;         // Every operand is aligned to it.

// CLOCK_MONOTONIC, which is what libstdc++'s steady clock reads.
double NowNs() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Error OutOfMemory(uint64_t needed, uint64_t limit) {
  return {ErrorCode::kOutOfMemory, "the operands take " + std::to_string(needed) +
                                       " bytes; the limit for measuring is " +
                                       std::to_string(limit)};
}

}  // namespace

HostSampler::HostSampler(const Problem& problem, std::vector<SamplerCandidate> candidates,
                         const HostSamplerOptions& options, DataPool& pool,
                         LaunchObserver& observer)
    : problem_(problem), options_(options), pool_(pool), observer_(observer) {
  for (SamplerCandidate& candidate : candidates)
    candidates_.push_back({.what = std::move(candidate)});
}

Result<std::unique_ptr<HostSampler>> HostSampler::Create(const sdk::Op& op, const Problem& problem,
                                                         std::vector<SamplerCandidate> candidates,
                                                         const HostSamplerOptions& options,
                                                         DataPool& pool, LaunchObserver& observer) {
  if (options.policy.launch == LaunchMode::kGraph) {
    return InvalidArgument(
        "policy.launch is graph; the host launches eagerly: say eager, or leave it out");
  }
  std::unique_ptr<HostSampler> sampler(
      new HostSampler(problem, std::move(candidates), options, pool, observer));
  std::optional<Error> error;
  const auto failure = Guarded([&] { error = sampler->Open(op); });
  if (error) return *error;
  if (failure) {
    const auto code =
        failure->outcome == Outcome::kOutOfMemory ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
    return Error{code, "making operands and reference of " + ToText(problem) + ": " +
                           Printable(failure->detail)};
  }
  return sampler;
}

std::optional<Error> HostSampler::Open(const sdk::Op& op) {
  const uint64_t operand_bytes = HostOperands::BytesFor(op, problem_);
  if (operand_bytes > options_.memory_bytes) {
    return OutOfMemory(operand_bytes, options_.memory_bytes);
  }
  {
    // Filling inputs runs the op's code, as the reference does.
    const LaunchStep step(observer_, kNoCandidate, LaunchPhase::kReference,
                          options_.reference_seconds);
    operands_ = std::make_unique<HostOperands>(op, problem_, kOperandSeed);
  }
  if (auto error = ReservePool(operand_bytes)) return error;
  if (options_.policy.validation == Validation::kNone) return std::nullopt;
  const double start = NowNs();
  const LaunchStep step(observer_, kNoCandidate, LaunchPhase::kReference,
                        options_.reference_seconds);
  operands_->ComputeReference();
  reference_ns_ = NowNs() - start;
  return std::nullopt;
}

std::optional<Error> HostSampler::ReservePool(uint64_t operand_bytes) {
  uint64_t cold_bytes = 0;
  DType dtype = DType::kAbsent;  // Of the cold inputs, if they share one.
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (!IsCold(i)) continue;
    dtype = problem_.inputs[i].dtype;
    cold_bytes += (operands_->InputBytes(i) + kLine - 1) / kLine * kLine;
  }
  const uint64_t left = options_.memory_bytes - operand_bytes;
  if (cold_bytes > left) return OutOfMemory(operand_bytes + cold_bytes, options_.memory_bytes);
  const uint64_t wanted = cold_bytes == 0 ? 0 : 3 * options_.cache_bytes + cold_bytes;
  const uint64_t pool_bytes = std::min(wanted, left);
  workspace_limit_ = left - pool_bytes;
  if (pool_bytes == 0) return std::nullopt;
  if (CanServeRandom()) {
    pool_.Reserve(dtype, pool_bytes, options_.cache_bytes);
  } else {
    pool_.ReserveCopies(LayOutCold(cold_bytes), pool_bytes, options_.cache_bytes);
  }
  return std::nullopt;
}

// Whether any random elements of one type will do for all cold inputs.
bool HostSampler::CanServeRandom() const {
  DType dtype = DType::kAbsent;
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (!IsCold(i)) continue;
    if (operands_->HasOwnContent(i)) return false;
    if (dtype != DType::kAbsent && dtype != problem_.inputs[i].dtype) return false;
    dtype = problem_.inputs[i].dtype;
  }
  return true;
}

// All cold inputs as they were checked, one behind the other, `cold_bytes` together; sets where
// each one lies.
std::vector<std::byte> HostSampler::LayOutCold(size_t cold_bytes) {
  std::vector<std::byte> cold;
  cold.reserve(cold_bytes);
  cold_offsets_.assign(problem_.inputs.size(), 0);
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (!IsCold(i)) continue;
    cold_offsets_[i] = cold.size();
    const auto* data = static_cast<const std::byte*>(operands_->inputs()[i]);
    cold.insert(cold.end(), data, data + operands_->InputBytes(i));
    cold.resize((cold.size() + kLine - 1) / kLine * kLine);
  }
  cold_bytes_ = cold_bytes;
  return cold;
}

bool HostSampler::IsCold(size_t input) const {
  if (operands_->inputs()[input] == nullptr) return false;
  return options_.policy.cache == CacheState::kAllCold ||
         (options_.policy.cache == CacheState::kWeightsCold && operands_->IsWeight(input));
}

Observation HostSampler::Screen(int candidate) {
  const double start = NowNs();
  std::optional<Failure> failure = Prepare(candidate);
  if (!failure) failure = Validate(candidate);
  if (!failure) failure = ScreenSamples(candidate);
  Observation observation{candidate, Outcome::kMeasured, candidates_[candidate].latest_ns, "", 0};
  if (failure) observation = Fail(candidate, std::move(*failure));
  observation.cost_ns = NowNs() - start;
  return observation;
}

std::vector<Observation> HostSampler::Round(std::span<const int> candidates) {
  if (repeats_ == 0) repeats_ = RepeatsFor(best_ns_);
  std::vector<Observation> observations;
  observations.reserve(candidates.size());
  for (int candidate : candidates) {
    if (observer_.StopRequested()) break;
    const double start = NowNs();
    std::optional<Failure> failure = Sample(candidate, repeats_);
    observations.push_back(failure ? Fail(candidate, std::move(*failure))
                                   : Observation{candidate, Outcome::kMeasured,
                                                 candidates_[candidate].latest_ns, "", 0});
    observations.back().cost_ns = NowNs() - start;
  }
  return observations;
}

HostSampler::~HostSampler() {
  for (size_t i = 0; i < candidates_.size(); ++i) Release(static_cast<int>(i));
}

// Destroying a call runs the runner's code too.
void HostSampler::Release(int candidate) {
  State& state = candidates_[candidate];
  if (!state.call) return;
  const LaunchStep step(observer_, candidate, LaunchPhase::kPrepare, options_.prepare_seconds);
  state.call.reset();
}

Observation HostSampler::Fail(int candidate, Failure failure) {
  Release(candidate);
  return {candidate, failure.outcome, 0, Printable(std::move(failure.detail)), 0};
}

std::optional<Failure> HostSampler::Prepare(int candidate) {
  State& state = candidates_[candidate];
  std::optional<Failure> refused;
  const LaunchStep step(observer_, candidate, LaunchPhase::kPrepare, options_.prepare_seconds);
  const auto thrown = Guarded([&] {
    PreparedCall prepared;
    refused = PrepareCall(state.what, problem_, workspace_limit_, prepared);
    if (refused) return;
    state.workspace_bytes = prepared.workspace_bytes;
    operands_->ResizeWorkspace(state.workspace_bytes);
    state.call = std::move(prepared.call);
  });
  return thrown ? thrown : refused;
}

// The longest that a valid call may be expected to take: the default's time, or, before that is
// known, the reference's.
double HostSampler::ReferencePoint() const {
  return candidates_[0].latest_ns > 0 ? candidates_[0].latest_ns : reference_ns_;
}

std::optional<Failure> HostSampler::Validate(int candidate) {
  State& state = candidates_[candidate];
  operands_->Poison();
  std::optional<Failure> thrown;
  {
    const LaunchStep step(observer_, candidate, LaunchPhase::kValidate,
                          5 + 20e-9 * ReferencePoint());
    const double start = NowNs();
    thrown = Guarded([&] {
      state.call->Launch({.inputs = operands_->inputs(),
                          .outputs = operands_->outputs(),
                          .workspace = operands_->workspace()});
    });
    state.latest_ns = NowNs() - start;
  }
  // In this order: who writes outside is dangerous, whatever else it does. All three run, since
  // they also put right.
  const auto out_of_bounds = operands_->CheckBounds();
  const auto changed_input = operands_->CheckInputs();
  if (out_of_bounds) return out_of_bounds;
  if (changed_input) return changed_input;
  if (thrown) return thrown;
  return operands_->CheckOutputs();
}

std::optional<Failure> HostSampler::ScreenSamples(int candidate) {
  State& state = candidates_[candidate];
  const double first = state.latest_ns;
  if (best_ns_ > 0 && first > kLongCallNs && first > kHopeless * best_ns_) return std::nullopt;
  // A first look at short calls is the median of three: one interruption must not end a candidate.
  const int repeats = RepeatsFor(first);
  std::vector<double> times;
  do {
    if (auto failure = Sample(candidate, repeats)) return failure;
    times.push_back(state.latest_ns);
  } while (times.size() < 3 && first < kLongCallNs);
  state.latest_ns = Median(times);
  if (best_ns_ == 0 || state.latest_ns < best_ns_) best_ns_ = state.latest_ns;
  return std::nullopt;
}

int HostSampler::RepeatsFor(double call_ns) const {
  if (call_ns <= 0) return 1;
  const double repeats = std::ceil(options_.short_call_ns / call_ns);
  return static_cast<int>(std::clamp<double>(repeats, 1, options_.most_repeats));
}

std::optional<Failure> HostSampler::Sample(int candidate, int repeats) {
  State& state = candidates_[candidate];
  if (!state.call) return Failure{Outcome::kRejected, "sampled without having been screened"};
  operands_->ResizeWorkspace(state.workspace_bytes);
  LayOut(repeats);
  if (options_.policy.cache == CacheState::kWeightsCold) operands_->TouchActivations();
  const double predicted = 1e-9 * (repeats + 1) * state.latest_ns;
  std::optional<Failure> thrown;
  {
    const LaunchStep step(observer_, candidate, LaunchPhase::kSample, 1 + 10 * predicted);
    thrown = TimeLaunches(candidate, repeats);
  }
  const auto out_of_bounds = operands_->CheckBounds();
  return out_of_bounds ? out_of_bounds : thrown;
}

// Which inputs each of the calls reads.
void HostSampler::LayOut(int repeats) {
  const size_t inputs = problem_.inputs.size();
  layout_.resize(inputs * static_cast<size_t>(repeats));
  const std::byte* copy = nullptr;
  for (size_t at = 0; at < layout_.size(); ++at) {
    const size_t input = at % inputs;
    if (input == 0 && !cold_offsets_.empty()) copy = pool_.Take(cold_bytes_);
    if (!IsCold(input)) {
      layout_[at] = operands_->inputs()[input];
    } else if (copy != nullptr) {
      layout_[at] = copy + cold_offsets_[input];
    } else {
      layout_[at] = pool_.Take(operands_->InputBytes(input));
    }
  }
}

std::optional<Failure> HostSampler::TimeLaunches(int candidate, int repeats) {
  State& state = candidates_[candidate];
  const size_t inputs = problem_.inputs.size();
  sdk::Operands operands{.inputs = operands_->inputs(),
                         .outputs = operands_->outputs(),
                         .workspace = operands_->workspace()};
  return Guarded([&] {
    if (options_.policy.cache == CacheState::kWarm) state.call->Launch(operands);
    const double start = NowNs();
    for (int call = 0; call < repeats; ++call) {
      operands.inputs = std::span(layout_).subspan(static_cast<size_t>(call) * inputs, inputs);
      state.call->Launch(operands);
    }
    state.latest_ns = (NowNs() - start) / repeats;
  });
}

}  // namespace tactic::timing
