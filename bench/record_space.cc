// Measures every tactic of the host's gemm kernels for one problem, into a trace that search_replay
// and race_replay read. On a machine that does nothing else.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "runners/timing/candidates.h"
#include "runners/timing/host_session.h"
#include "runners/timing/permute.h"
#include "runners/timing/quiet_observer.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/host.h"

namespace tactic::bench {
namespace {

struct Arguments {
  int64_t m = 32;
  int64_t n = 512;
  int64_t k = 512;
  int rounds = 9;
};

std::string TextOf(const Value* value) { return value == nullptr ? "" : ToText(*value); }

// Each candidate's samples in microseconds, round by round; empty: it failed.
std::vector<std::vector<double>> Measure(timing::Sampler& sampler, size_t candidates, int rounds) {
  std::vector<std::vector<double>> samples(candidates);
  std::vector<int> order;
  for (int i = 0; i < static_cast<int>(candidates); ++i) {
    const timing::Observation seen = sampler.Screen(i);
    if (!IsValid(seen.outcome)) continue;
    samples[static_cast<size_t>(i)].push_back(1e-3 * seen.nanoseconds);
    order.push_back(i);
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < rounds; ++round) {
    timing::Permute(order, random);
    for (const timing::Observation& seen : sampler.Round(order)) {
      if (!IsValid(seen.outcome)) continue;
      samples[static_cast<size_t>(seen.candidate)].push_back(1e-3 * seen.nanoseconds);
    }
    std::fprintf(stderr, "round %d of %d\n", round + 1, rounds);
  }
  return samples;
}

void Print(const Arguments& arguments, const CandidateList& list,
           const std::vector<std::vector<double>>& samples) {
  std::set<std::string> settings;
  for (const Candidate& candidate : list.candidates) {
    for (const Parameter& parameter : candidate.tactic.items()) settings.insert(parameter.name);
  }
  std::printf("mode,m,n,k,candidate");
  for (const std::string& setting : settings) std::printf(",%s", setting.c_str());
  std::printf(",samples_us\n");
  for (size_t i = 0; i < list.candidates.size(); ++i) {
    std::printf("cold,%lld,%lld,%lld,%zu", static_cast<long long>(arguments.m),
                static_cast<long long>(arguments.n), static_cast<long long>(arguments.k), i);
    for (const std::string& setting : settings) {
      std::printf(",%s", TextOf(list.candidates[i].tactic.Find(setting)).c_str());
    }
    if (samples[i].empty()) std::printf(",nan");
    for (const double us : samples[i]) std::printf(",%.2f", us);
    std::printf("\n");
  }
}

int Run(const Arguments& arguments) {
  setenv("TACTIC_HOST_GEMM_CANDIDATES", std::to_string(limits::kCandidates).c_str(), 1);
  sdk::Registry registry;
  RegisterHostRunners(registry);
  const sdk::Registry::Entry& entry = *registry.Find("gemm");
  const auto problem =
      MakeProblem(entry.op->Schema(), {{"m", arguments.m}, {"n", arguments.n}, {"k", arguments.k}},
                  std::nullopt, {}, {});
  if (!problem.ok()) {
    std::fprintf(stderr, "record_space: %s\n", problem.error().message.c_str());
    return 1;
  }
  const CandidateList list =
      ListCandidates({registry.FindRunner("gemm", "host_blocked")}, *problem);
  std::fprintf(stderr, "%zu candidates\n", list.candidates.size());
  std::vector<timing::SamplerCandidate> candidates;
  for (size_t i = 0; i < list.candidates.size(); ++i) {
    candidates.push_back({list.runners[i], list.candidates[i].tactic});
  }
  timing::HostSession session(sdk::DetectHostDevice());
  timing::QuietObserver observer;
  auto sampler = session.MakeSampler(
      {*entry.op, *problem, std::move(candidates), Resolve({}, DeviceKind::kHost), 0}, observer);
  if (!sampler.ok()) {
    std::fprintf(stderr, "record_space: %s\n", sampler.error().message.c_str());
    return 1;
  }
  Print(arguments, list, Measure(**sampler, list.candidates.size(), arguments.rounds));
  return 0;
}

}  // namespace
}  // namespace tactic::bench

int main(int argc, char** argv) {
  tactic::bench::Arguments arguments;
  CLI::App app("Measures every tactic of host_blocked for one gemm and prints them as a trace.");
  app.add_option("--m", arguments.m)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--n", arguments.n)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--k", arguments.k)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--rounds", arguments.rounds, "Samples of each after the first")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return tactic::bench::Run(arguments);
}
