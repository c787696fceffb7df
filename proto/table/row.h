// What of a decision a table finds it by.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto/table/format.h"
#include "proto/table/key.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"

namespace tactic::table {

// Of everything of a key but the inputs and the environment. `attributes` are complete, `policy`
// is resolved.
std::string FamilyKey(const std::string& op, const Parameters& attributes,
                      const MeasurementPolicy& policy);

// Whether keys are equal in all but the inputs.
bool SameFamily(const tactic::Key& a, const tactic::Key& b);

// REQUIRES: ranks within the limits.
std::vector<InputRecord> InputsOf(const Problem& problem);

// The sizes that a key of such inputs stands for, -1 where a dimension follows from others.
Shapes SizesOf(std::span<const InputRecord> inputs, const Key& key);

// Equal candidates have equal hashes, in one process.
struct CandidateHash {
  size_t operator()(const Candidate& candidate) const;
};

// The sizes that the decision is found by. nullopt: it has no candidate, or is beyond the limits
// that tables count on.
std::optional<InputSizes> SizesOf(const Decision& decision);

}  // namespace tactic::table
