// The op `gemm` for NVIDIA GPUs and its runner `cublaslt`.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic {

// Adds the op, and the runner if the machine has cuBLASLt; the process has a current GPU. Without
// the library nothing is added and the reason is printed on standard error.
// $TACTIC_CUBLASLT_CANDIDATES: how many configurations to draw beside the library's own choices
// (200).
void RegisterCublasLtRunners(sdk::Registry& registry);

}  // namespace tactic
