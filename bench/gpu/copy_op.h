// Copying, as an op: what a device's memory gives to a kernel that does nothing else. Runners:
// `copy` (threads, unroll) and `memcpy`, the driver's own.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::bench {

void RegisterCopy(sdk::Registry& registry);

}  // namespace tactic::bench
