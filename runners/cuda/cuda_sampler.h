// Times candidates on a GPU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runners/cuda/clock.h"
#include "runners/cuda/cold_cache.h"
#include "runners/cuda/gate.h"
#include "runners/cuda/memory.h"
#include "runners/cuda/operands.h"
#include "runners/timing/device_session.h"
#include "runners/timing/failure.h"
#include "runners/timing/launch_observer.h"
#include "runners/timing/prepare.h"
#include "runners/timing/sampler.h"
#include "tactic/model/key.h"
#include "tactic/sdk/runner.h"

namespace tactic::cuda {

inline constexpr int kPlaces = 4;  // Where operands lie in turn, round by round.

struct CudaSamplerOptions {
  uint64_t l2_bytes = 0;
  uint64_t memory_bytes = 0;  // Of operands, their copies and workspace together.
  bool always_sweep = false;  // Rotating copies alone do not make data cold here.
  double sample_ns = 100e3;   // A sample of the default takes about this long: the device's event
                              // ticks (0.5 us) and launch overhead (3 us) then matter little.
  double screen_ns = 20e3;    // The same of screening, which has to tell 1.5 times only.
  int most_calls = 32;        // Of one sample.
  size_t most_places = kPlaces;
  double clock_drop = 0.9;      // A round at less than this of the usual clock is thrown away.
  double prepare_seconds = 60;  // Deadlines.
  double reference_seconds = 120;
};

// What all contests of one process share.
struct SharedState {
  Stream stream;
  std::unique_ptr<HostGate> gate;
  std::unique_ptr<SmClock> clock;
};

// Screens a candidate by capturing a graph of its calls and checking everything about a replay of
// it: at least one kernel, guard zones, inputs untouched, outputs against the reference. The very
// same graph is then timed, between two events behind a gate that the host opens once all of it is
// enqueued. Who gets into the rounds is captured anew, with as many calls as its samples have from
// then on, and checked anew: outputs that are right both times, but not the same bits, make it "not
// deterministic", which its observations say. With the policy `eager` the calls are launched one by
// one in place of the graph.
//
// Where in the device's memory the operands lie makes some kernels faster or slower by several
// percent, each at other places. So there are several places, and each round is at the next one.
//
// Cold inputs: cold_cache.h. Single-threaded. What the request refers to outlives it.
class CudaSampler final : public timing::Sampler {
 public:
  // As DeviceSession::MakeSampler.
  static Result<std::unique_ptr<timing::Sampler>> Create(timing::SamplerRequest request,
                                                         const CudaSamplerOptions& options,
                                                         SharedState& shared,
                                                         timing::LaunchObserver& observer);
  ~CudaSampler() override;

  timing::Observation Screen(int candidate) override;
  std::vector<timing::Observation> Round(std::span<const int> candidates) override;
  std::vector<Disturbance> TakeDiscards() override { return std::exchange(discards_, {}); }

 private:
  // All operands somewhere in the device's memory.
  struct Place {
    std::unique_ptr<Operands> operands;
    std::optional<ColdCache> cold;
  };
  // What is timed of a candidate at one place.
  struct Shot {
    GraphExec graph;         // nullptr: eager.
    int calls = 0;           // Of one sample.
    size_t first_copy = 0;   // They read copies first_copy, first_copy + 1, ...
    bool in_rounds = false;  // Captured and checked for them.
  };
  struct State {
    timing::SamplerCandidate what;
    timing::PreparedCall prepared;  // No call: not ready, or failed.
    std::vector<Shot> shots;        // By place.
    double latest_ns = 0;           // Of one call.
    double entering_ns = 0;         // What that took, and no observation has said yet.
    uint64_t outputs_hash = 0;      // As screening left them.
    std::string remark;
  };

  CudaSampler(timing::SamplerRequest request, const CudaSamplerOptions& options,
              SharedState& shared, timing::LaunchObserver& observer);

  void AddPlace();
  void PrepareMeasuring(Operands& operands);
  // The next round's place; the first ones again where memory is short.
  void Move();
  Place& here() { return places_[place_]; }
  Shot& ShotOf(State& state) { return state.shots[place_]; }

  std::optional<Error> PlanOperands();
  bool IsCold(size_t input, const OpSchema& schema) const;

  std::optional<timing::Failure> Prepare(int candidate);
  std::optional<timing::Failure> Capture(int candidate, int calls);
  std::optional<timing::Failure> Validate(int candidate);
  // Captures and checks it for the rounds, unless it is.
  std::optional<timing::Failure> Enter(int candidate);
  // Takes one sample; sets latest_ns.
  std::optional<timing::Failure> Sample(int candidate);
  // Who may be sampled; the others' failures are added.
  std::vector<int> EnterAll(std::span<const int> candidates,
                            std::vector<timing::Observation>& failures);
  std::vector<timing::Observation> RoundOnce(std::span<const int> candidates);
  // All calls of one sample, onto the stream, between the two events.
  void EnqueueTimed(State& state);
  void Enqueue(State& state);
  void LaunchCalls(State& state);
  void ReadTime(State& state);
  std::optional<timing::Failure> Settle(int candidate);
  bool IsHopeless(int candidate);
  void Release(int candidate);
  timing::Observation Fail(int candidate, timing::Failure failure);
  // Runs `body` within a step of the journal. A CUDA error after which the context is lost ends
  // the process; any other is how the candidate failed.
  template <typename Body>
  std::optional<timing::Failure> Step(int candidate, timing::LaunchPhase phase, double seconds,
                                      Body&& body);
  double ReferencePoint() const;

  const timing::SamplerRequest request_;
  const CudaSamplerOptions options_;
  SharedState& shared_;
  timing::LaunchObserver& observer_;
  const cudaStream_t stream_;
  std::vector<State> candidates_;
  Operands::Layout layout_;
  size_t cold_bytes_ = 0;  // Of one copy.
  size_t most_places_ = 1;
  DeviceBytes sweep_;  // What is read to make the L2 cold.
  std::vector<Place> places_;
  size_t place_ = 0;
  size_t rounds_ = 0;
  Event start_;
  Event stop_;
  double reference_ns_ = 0;
  double usual_mhz_ = 0;  // Of the rounds so far; 0 = none.
  std::vector<Disturbance> discards_;
  // Of a sample, in screening and in rounds, once the default is known. The same for all, so that
  // what a graph costs beside its kernels is the same for all.
  int screen_calls_ = 1;
  int calls_ = 1;
  bool settled_ = false;  // Both are final.
};

}  // namespace tactic::cuda
