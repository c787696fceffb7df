// A little history of changes, and whether a store still holds what it acknowledged.
#pragma once

#include <string>
#include <vector>

#include "server/core/store.h"

namespace tactic::testing {

// Puts decisions (over a few keys), a contest without one, and jobs, until an error if
// `stop_at_error`. Returns the decisions that were acknowledged.
std::vector<Decision> WriteHistory(Store& store, int decisions, bool stop_at_error);

// Empty, or what is wrong: an acknowledged decision is missing or changed, a revision is missing or
// doubled, evidence does not load, or there is more than `attempts` explain.
std::string WhatIsWrong(Store& store, const std::vector<Decision>& acknowledged, uint64_t attempts);

}  // namespace tactic::testing
