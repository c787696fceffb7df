// The constants of the race by name, and what the results owe to each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/replay.h"

namespace tactic::bench {

// "NAME=VALUE". What is wrong with it, if anything.
std::optional<std::string> SetConstant(const std::string& assignment, ReplayOptions& options);

// Prints a table: the figures with each constant at half and at twice its value; in a sweep, with
// each of those that priors bring in. Of a ratio what is scaled is its distance from 1.
void PrintSensitivity(const std::vector<const timing::TraceProblem*>& problems,
                      const ReplayOptions& options);

}  // namespace tactic::bench
