// The one place where a device is measured. The implementation supervises a worker process
// (server/lane); tests have a fake.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/core/job.h"
#include "tactic/model/ban.h"
#include "tactic/model/contest.h"
#include "tactic/model/decision.h"
#include "tactic/model/device_report.h"
#include "tactic/model/op_schema.h"

namespace tactic {

enum class LaneState : uint8_t { kStarting = 1, kReady = 2, kBusy = 3, kQuarantined = 4 };

// One op as a lane can tune it.
struct OpInfo {
  OpSchema schema;
  std::vector<RunnerId>
      runners;  // Contest order: the first one's default is the default candidate.
  std::vector<Component> components;  // What of the environment follows from the op.
};

struct LaneInfo {
  std::string name;  // "host", "cuda:0".
  LaneState state = LaneState::kStarting;
  std::string message;  // Why it is quarantined.
  DeviceClass device;   // Meaningful once the lane was ready; then also while quarantined.
  std::string driver;
  std::string runtime;
  std::vector<OpInfo> ops;
  std::optional<SelfCheck> self_check;  // Of the worker that was started last.
  Disturbances disturbances;            // Of the last contest.
  uint64_t worker_restarts = 0;
  uint64_t contests = 0;

  const OpInfo* FindOp(std::string_view op) const;  // nullptr: unknown.
};

// The environment in which this lane measures `op`.
Environment EnvironmentOf(const LaneInfo& lane, const OpInfo& op);

struct ContestSpec {
  Key key;
  std::vector<std::string> runners;    // Empty = all of the op.
  std::optional<Candidate> incumbent;  // The standing pick.
  std::vector<Neighbour> neighbours;   // Priors, the nearest first.
  OpBans bans;                         // What these cover is rejected, not run.
  uint64_t seed = 0;
  bool thorough = false;  // Longer than usual, to verify what is decided.
};

// The contest of `key` over these runners. The pick of the decision that answers now (nullptr:
// none) is the incumbent if its runner takes part.
ContestSpec SpecFor(const Key& key, std::vector<std::string> runners, const Decision* answer);

// What a contest found. No ranking: no candidate was valid, and `failure` says so.
struct ContestResult {
  std::vector<Ranked> ranking;  // As in Decision.
  double default_ns = 0;
  Reason reason = Reason::kClear;
  uint32_t tied = 0;
  std::string failure;
  Evidence evidence;
};

class Lane {
 public:
  virtual ~Lane() = default;
  virtual LaneInfo Info() const = 0;  // Thread-safe.
  // Measures one key, on the calling thread, until decided or `stop` is requested. One call at a
  // time. A candidate's failure is part of the result. Errors: Cancelled (stop), Unavailable (no
  // worker can be kept alive), InvalidArgument (the problem cannot be run at all). `progress` is
  // called on this thread.
  virtual absl::StatusOr<ContestResult> Run(
      const ContestSpec& spec, std::stop_token stop,
      absl::FunctionRef<void(const ContestProgress&)> progress) = 0;
};

}  // namespace tactic
