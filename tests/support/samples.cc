#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

constexpr int kRounds = 5;
constexpr int kMiddleRound = 2;

// Rounds 0 .. 4, the last one in a second worker; times differ by candidate and round.
std::vector<Sample> SamplesAround(double median_ns) {
  std::vector<Sample> samples;
  for (int round = 0; round < kRounds; ++round) {
    const uint32_t epoch = round == kRounds - 1 ? 1 : 0;
    const double ns = median_ns * (1 + 0.01 * (round - kMiddleRound));
    samples.push_back({epoch, static_cast<uint32_t>(round), static_cast<float>(ns)});
  }
  return samples;
}

Ranked RankedAt(const Candidate& candidate, double median_ns) {
  return {candidate, median_ns, median_ns * 0.99, median_ns * 1.01};
}

}  // namespace

OpSchema GemmSchema() {
  const std::vector<DType> dtypes = {DType::kF32, DType::kF16};
  return {"gemm",
          {{"a", {"m", "k"}, dtypes, {Layout::kRowMajor}, false},
           {"b", {"k", "n"}, dtypes, {Layout::kRowMajor, Layout::kColMajor}, true}},
          {{"alpha", 1.0}, {"epilogue", std::string("none")}}};
}

Problem GemmProblem(int64_t m) {
  return {"gemm",
          {{"alpha", 1.0}, {"epilogue", std::string("none")}},
          {{DType::kF32, Layout::kRowMajor, {Dim::Dynamic(1, m, 4096), Dim::Static(2048)}},
           {DType::kF32, Layout::kColMajor, {Dim::Static(2048), Dim::Static(512)}}}};
}

Environment SampleEnvironment() {
  const DeviceClass device = {
      DeviceKind::kHost, "GenuineIntel-6-143-avx512", 8, uint64_t{60} << 20, "half",
      "A processor",     uint64_t{64} << 30};
  return {device, "535.1", "12.4", {{"openblas", "0.3.21"}, {"runner:host_blocked", "1"}}};
}

Key SampleKey(int variant) {
  return {GemmProblem(1 + variant),
          {CacheState::kWeightsCold, LaunchMode::kEager, Validation::kReference, 2000},
          SampleEnvironment()};
}

Candidate SampleCandidate(int variant) {
  if (variant < 0) return {{"openblas", "0.3.21"}, {}};
  const RunnerId blocked = {"host_blocked", "1"};
  if (variant == 0) return {blocked, {}};
  return {blocked,
          {{"kc", int64_t{64} * variant},
           {"micro", std::string("avx2_6x16")},
           {"pack", true},
           {"share", 0.5},
           {"tile", ValueList{{int64_t{128}, Parameters{{"stages", int64_t{3}}}, ValueList{}}}}}};
}

Decision SampleDecision(const Key& key) {
  Decision decision;
  decision.key = key;
  decision.ranking = {RankedAt(SampleCandidate(2), 1000), RankedAt(SampleCandidate(-1), 1500)};
  decision.default_ns = 2000;
  decision.reason = Reason::kTie;
  decision.tied = 2;
  decision.created_unix_ms = 1'700'000'000'000;
  return decision;
}

Decision SampleDecision(int variant) { return SampleDecision(SampleKey(variant)); }

Evidence SampleEvidence(int measured) {
  Evidence evidence;
  for (int i = 0; i < measured; ++i) {
    const double median_ns = 1000 + 10 * i;
    evidence.trials.push_back(
        {SampleCandidate(i), Outcome::kMeasured, "", median_ns, SamplesAround(median_ns)});
  }
  evidence.trials.push_back(
      {SampleCandidate(measured), Outcome::kEliminated, "", 9000, {{0, 0, 9000.0f}}});
  int next = measured + 1;
  for (const Outcome outcome :
       {Outcome::kRejected, Outcome::kOutOfMemory, Outcome::kCrashed, Outcome::kTimedOut,
        Outcome::kWrongResult, Outcome::kOutOfBounds, Outcome::kProtocolError}) {
    evidence.trials.push_back(
        {SampleCandidate(next++), outcome, "because: " + std::string(Name(outcome)), 0, {}});
  }
  evidence.worker_restarts = 3;
  evidence.seconds = 1.25;
  evidence.disturbances = {{"another process computes on this device", 0, 0, 0},
                           {"the clock fell", 24, 2, 9}};
  return evidence;
}

}  // namespace tactic::testing
