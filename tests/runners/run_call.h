// Runs a prepared call as the worker does: poisoned output and workspace, guard zones around them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tactic/sdk/runner.h"

namespace tactic {

// A problem of the op with these sizes.
Problem ProblemOf(const sdk::Op& op, const std::map<std::string, int64_t>& sizes,
                  const std::map<std::string, Layout>& layouts = {});

// Values from -1 to 1, the same every time for the same seed.
std::vector<float> RandomValues(size_t count, uint32_t seed);

// One vector of values for each input of the problem.
std::vector<std::vector<float>> RandomInputs(const Problem& problem);

struct RunResult {
  std::vector<float> output;
  bool guards_intact = true;
  bool inputs_intact = true;
};
// Launches twice, so that what the first launch leaves in the workspace is seen not to matter.
RunResult RunGuarded(sdk::Call& call, const std::vector<std::vector<float>>& inputs,
                     size_t outputs);

// What the op's reference says.
std::vector<float> ReferenceOf(const sdk::Op& op, const Problem& problem,
                               const std::vector<std::vector<float>>& inputs);

// Empty if every element is within the op's tolerance; else what is wrong with the first that is
// not.
std::string Difference(const std::vector<float>& output, const std::vector<float>& reference,
                       const sdk::Tolerance& tolerance);

}  // namespace tactic
