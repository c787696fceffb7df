// Times candidates on this machine's CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runners/timing/data_pool.h"
#include "runners/timing/device_session.h"
#include "runners/timing/host_operands.h"
#include "runners/timing/launch_observer.h"
#include "runners/timing/sampler.h"
#include "tactic/model/key.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

struct HostSamplerOptions {
  MeasurementPolicy policy;     // Resolved.
  uint64_t cache_bytes = 0;     // The last-level cache that cold data must not be in.
  uint64_t memory_bytes = 0;    // Of operands, their copies and workspace together.
  double short_call_ns = 20e3;  // Shorter calls are repeated to fill this time, so that the
                                // clock's own cost and steps stay under about 0.3 %.
  int most_repeats = 64;
  double prepare_seconds = 60;  // Deadlines.
  double reference_seconds = 120;
};

// Screens a candidate by preparing it, launching it once on fixed operands and checking everything
// about that launch (guard zones, inputs untouched, outputs against the reference), then timing the
// very same Call. In timed samples the inputs come as the policy says: `weights_cold` reads weights
// from memory and activations from the cache, `all_cold` all from memory, `warm` follows an untimed
// launch of the same call. Guard zones are checked after each sample too. Single-threaded. `op`,
// the runners, `pool` and `observer` outlive it.
class HostSampler : public Sampler {
 public:
  // Allocates operands and computes the reference, unless policy.validation is kNone. Candidate 0
  // is the default: its time sets deadlines. Errors: OutOfMemory names what is needed and the
  // limit; InvalidArgument: a policy or problem that this sampler cannot do; Internal: the
  // reference failed.
  static Result<std::unique_ptr<HostSampler>> Create(const sdk::Op& op, const Problem& problem,
                                                     std::vector<SamplerCandidate> candidates,
                                                     const HostSamplerOptions& options,
                                                     DataPool& pool, LaunchObserver& observer);

  ~HostSampler() override;
  HostSampler(const HostSampler&) = delete;
  HostSampler& operator=(const HostSampler&) = delete;

  Observation Screen(int candidate) override;
  std::vector<Observation> Round(std::span<const int> candidates) override;

 private:
  struct State {
    SamplerCandidate what;
    std::unique_ptr<sdk::Call> call;  // nullptr: not ready, or failed.
    size_t workspace_bytes = 0;
    double latest_ns = 0;  // Of one call.
  };

  HostSampler(const Problem& problem, std::vector<SamplerCandidate> candidates,
              const HostSamplerOptions& options, DataPool& pool, LaunchObserver& observer);

  std::optional<Error> Open(const sdk::Op& op);
  std::optional<Error> ReservePool(uint64_t operand_bytes);
  bool CanServeRandom() const;
  std::vector<std::byte> LayOutCold(size_t cold_bytes);
  bool IsCold(size_t input) const;

  std::optional<Failure> Prepare(int candidate);
  std::optional<Failure> Validate(int candidate);
  std::optional<Failure> ScreenSamples(int candidate);
  // One timed sample of `repeats` calls; sets latest_ns.
  std::optional<Failure> Sample(int candidate, int repeats);
  std::optional<Failure> TimeLaunches(int candidate, int repeats);
  void LayOut(int repeats);
  int RepeatsFor(double call_ns) const;
  void Release(int candidate);
  Observation Fail(int candidate, Failure failure);
  double ReferencePoint() const;

  Problem problem_;
  std::vector<State> candidates_;
  HostSamplerOptions options_;
  DataPool& pool_;
  LaunchObserver& observer_;
  std::unique_ptr<HostOperands> operands_;
  uint64_t workspace_limit_ = 0;
  double reference_ns_ = 0;
  double best_ns_ = 0;               // Least screened so far; 0 = none.
  int repeats_ = 0;                  // Of every sample of the rounds; 0 until the first round.
  std::vector<const void*> layout_;  // Inputs of each call of a sample, one call after the other.
  // Where each input lies in a copy of all cold ones. Empty: the pool holds random elements, of
  // which every cold input gets a window of its own.
  std::vector<size_t> cold_offsets_;
  size_t cold_bytes_ = 0;  // Of such a copy.
};

}  // namespace tactic::timing
