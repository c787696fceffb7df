// A device that a process measures on: what it is, and samplers for it. One implementation a kind
// of device (host, CUDA), so that the worker is the same program for all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runners/timing/launch_observer.h"
#include "runners/timing/sampler.h"
#include "tactic/model/device_report.h"
#include "tactic/model/key.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

struct SamplerCandidate {
  const sdk::Runner* runner = nullptr;
  Tactic tactic;
};

// What one contest measures. Candidate 0 is the default: its time sets deadlines.
struct SamplerRequest {
  const sdk::Op& op;
  const Problem& problem;
  std::vector<SamplerCandidate> candidates;
  MeasurementPolicy policy;   // Resolved.
  uint64_t memory_bytes = 0;  // Of operands, copies and workspace together; 0 = the device's rule.
};

// Single-threaded.
class DeviceSession {
 public:
  virtual ~DeviceSession() = default;
  virtual const DeviceClass& device() const = 0;
  virtual std::string driver() const = 0;   // Empty on the host.
  virtual std::string runtime() const = 0;  // Empty on the host.
  // What was measured of the measuring when the session was opened; nullopt: nothing.
  virtual std::optional<SelfCheck> self_check() const { return std::nullopt; }
  // What was seen since the last call that may have disturbed the measuring.
  virtual Disturbances TakeDisturbances() { return {}; }
  // Why this process should measure no more, once the sampler is gone: what a candidate has left
  // behind. Empty: it may.
  virtual std::string WornOut() { return ""; }
  // What a sampler varies from round to round comes round again after so many.
  virtual int rounds_of_a_cycle() const { return 1; }
  // Allocates operands and computes the reference. The op, the runners and `observer` outlive the
  // sampler, and the sampler does not outlive the session. Errors: OutOfMemory names what is needed
  // and the limit; InvalidArgument: a policy or problem that cannot be measured here; Internal: the
  // reference failed.
  virtual Result<std::unique_ptr<Sampler>> MakeSampler(SamplerRequest request,
                                                       LaunchObserver& observer) = 0;
};

}  // namespace tactic::timing
