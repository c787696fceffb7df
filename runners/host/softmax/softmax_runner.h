// The runner `host_softmax`. Its tactics:
//
//   vectors  "avx512", "avx2" or "portable"
//   passes   "store", "recompute" or "online": see row_kernel.h
//   exp      "polynomial", or "library" (portable only)
//   unroll   1 or 4
//   threads  1 to the cores that the process may use; each takes a share of the rows
#pragma once

#include <memory>

#include "runners/host/machine.h"
#include "tactic/sdk/runner.h"

namespace tactic::softmax {

std::unique_ptr<sdk::Runner> MakeSoftmaxRunner(const HostMachine& machine);

}  // namespace tactic::softmax
