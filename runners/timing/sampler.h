// The seam between deciding and doing: the race says what to sample, a Sampler samples it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::timing {

// What one attempt to sample a candidate gave: a time, or how it failed.
struct Observation {
  int candidate = 0;
  Outcome outcome = Outcome::kMeasured;  // kMeasured: `nanoseconds` holds a time.
  double nanoseconds = 0;                // Of one call.
  std::string detail;                    // Why it failed, or a remark on one that did not.
  // What it took to get this, preparation and repeats included; counts against the budget.
  double cost_ns = 0;
};

// Gives times of candidates, by index. Implementations: HostSampler, TraceSampler (recorded), later
// CUDA. Single-threaded. Never throws: a failure is an observation.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // Makes the candidate ready, checks its output, and takes a first sample. After a failure the
  // candidate is out.
  virtual Observation Screen(int candidate) = 0;
  // One sample of each of these, in this order: one round. Fewer observations than candidates when
  // the sampler was told to stop.
  virtual std::vector<Observation> Round(std::span<const int> candidates) = 0;
  // What the last Round threw away before it gave its observations, and why: only `cause` and
  // `discarded`. Empty when asked again.
  virtual std::vector<Disturbance> TakeDiscards() { return {}; }
};

}  // namespace tactic::timing
