// Making a candidate ready, the same on every device.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "runners/timing/device_session.h"
#include "runners/timing/failure.h"
#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

struct PreparedCall {
  std::unique_ptr<sdk::Call> call;
  uint64_t workspace_bytes = 0;
};

// Has the runner prepare the candidate's call into `prepared`. What it refuses, a workspace over
// `workspace_limit` included, is how the candidate failed. What the runner throws passes through.
std::optional<Failure> PrepareCall(const SamplerCandidate& candidate, const Problem& problem,
                                   uint64_t workspace_limit, PreparedCall& prepared);

}  // namespace tactic::timing
