// The list of candidates of one contest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic {

struct CandidateList {
  std::vector<Candidate> candidates;        // Index 0 is the default.
  std::vector<const sdk::Runner*> runners;  // Of each candidate.

  std::optional<int> Find(const Candidate& candidate) const;
};

// The runners of `entry` with these names, in the order of the names; all, in their own order, if
// there are none. InvalidArgument: a name that the op does not have (the message lists the known
// ones), or no runner at all.
Result<std::vector<const sdk::Runner*>> SelectRunners(const sdk::Registry::Entry& entry,
                                                      const std::vector<std::string>& names);

// First each runner's default (the empty tactic), then the runners' tactics in turn, the best of
// each first, up to limits::kCandidates. The same for the same problem, in every process. A runner
// that throws contributes its default only, a tactic that breaks the limits of parameters or was
// there before is left out; both are told on standard error. Runs the runners' code.
CandidateList ListCandidates(const std::vector<const sdk::Runner*>& runners,
                             const Problem& problem);

// For each candidate its place in an order that depends on candidates only, not on the list: who
// wins among equals.
std::vector<uint64_t> TieRanks(const std::vector<Candidate>& candidates);

}  // namespace tactic
