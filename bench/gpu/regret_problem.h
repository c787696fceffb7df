// One problem as the procedures under comparison get it: the same candidates for all of them.
#pragma once

#include <string>
#include <vector>

#include "runners/timing/candidates.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic::bench {

struct RegretProblem {
  const sdk::Registry::Entry* entry = nullptr;
  Problem problem;
  std::string name;          // "gemm qkv m=16 n=6144 k=4096".
  MeasurementPolicy policy;  // Resolved.
  CandidateList list;
};

// What the bench runs over: the linear layers of Llama-3.1-8B in bf16 ([out, in] weights), and
// rms_norm and silu_and_mul at its widths, each at every number of `rows`. Ops that `registry`
// lacks, or that `ops` (empty: all) does not name, are left out.
std::vector<RegretProblem> LlamaProblems(const sdk::Registry& registry,
                                         const std::vector<int64_t>& rows,
                                         const std::vector<std::string>& ops);

}  // namespace tactic::bench
