// The trials of a contest as tables: what raced, with a picture of where its samples lie, and what
// failed, with the reason. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::cli {

struct TrialTableOptions {
  size_t width = 0;  // As OutputWidth(): 0 = no limit.
  size_t limit = 0;  // Rows of each table; 0 = all. What is left out is counted.
};

// Valid trials by median, the fastest first; then the failed ones, by outcome.
std::string TrialsText(const std::vector<Trial>& trials, const TrialTableOptions& options);

}  // namespace tactic::cli
