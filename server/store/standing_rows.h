// The standing decisions, all at once: what a daemon starts with.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"
#include "tactic/model/decision.h"

namespace tactic {

// As Store::LoadDecisions. Rows are read on this thread, and checked and decoded on others
// meanwhile, since that is the larger part.
absl::StatusOr<std::vector<Decision>> ReadStandingDecisions(Db& db, Damage& damage);

}  // namespace tactic
