// The runner `openblas`: the sgemm of the system's OpenBLAS. Tactic: threads, 1 to the cores that
// the process may use, which is also the default.
//
// Its library version, a part of the environment, names the CPU core that OpenBLAS runs kernels
// for. On a CPU newer than itself it may choose a very old one ("Prescott"); the environment
// variable OPENBLAS_CORETYPE overrides that, for the daemon and its clients alike, and shows in the
// version.
#pragma once

#include <memory>

#include "tactic/sdk/runner.h"

namespace tactic::gemm {

// nullptr when libopenblas.so.0 is not installed: an absence, not an error. Loaded once and never
// unloaded. The number of threads is a setting of the whole process: a call sets it.
std::unique_ptr<sdk::Runner> MakeOpenblasRunner();

}  // namespace tactic::gemm
