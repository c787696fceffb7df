// The runner `host_blocked`: our own gemm kernels. plan.h says what its tactics mean.
#pragma once

#include <memory>

#include "runners/host/gemm/plan.h"
#include "tactic/sdk/runner.h"

namespace tactic::gemm {

std::unique_ptr<sdk::Runner> MakeBlockedRunner(const HostMachine& machine);

}  // namespace tactic::gemm
