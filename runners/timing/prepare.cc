#include "runners/timing/prepare.h"

#include <string>
#include <utility>

namespace tactic::timing {

std::optional<Failure> PrepareCall(const SamplerCandidate& candidate, const Problem& problem,
                                   uint64_t workspace_limit, PreparedCall& prepared) {
  auto call = candidate.runner->Prepare(problem, candidate.tactic);
  if (!call.ok()) {
    const bool memory = call.error().code == ErrorCode::kOutOfMemory;
    return Failure{memory ? Outcome::kOutOfMemory : Outcome::kRejected, call.error().message};
  }
  if (*call == nullptr) return Failure{Outcome::kRejected, "Prepare gave no call"};
  const uint64_t workspace = (*call)->WorkspaceBytes();
  if (workspace > workspace_limit) {
    return Failure{Outcome::kOutOfMemory, "needs a workspace of " + std::to_string(workspace) +
                                              " bytes; at most " + std::to_string(workspace_limit) +
                                              " are given"};
  }
  prepared = {*std::move(call), workspace};
  return std::nullopt;
}

}  // namespace tactic::timing
