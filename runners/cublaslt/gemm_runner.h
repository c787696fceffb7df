// The runner `cublaslt` of `gemm`: every algorithm that the library can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runners/cublaslt/library.h"
#include "tactic/sdk/runner.h"

namespace tactic::cublaslt {

struct GemmRunnerOptions {
  int heuristic = 8;   // Of the library's own choices; they come first, in its order.
  size_t drawn = 200;  // Then so many configurations at random, of all that it accepts.
  uint64_t seed = 1;
};

// Tactic: the algorithm's id and configuration attributes by name (`algorithm tile stages split_k
// reduction swizzle custom inner_shape cluster`), with the numbers of cublasLt.h. They mean the
// same in the same version of the library, which is part of the environment.
std::unique_ptr<sdk::Runner> MakeGemmRunner(const Library& library, GemmRunnerOptions options);

}  // namespace tactic::cublaslt
