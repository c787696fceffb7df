// All the runner libraries that this build has, in one call. The list is in runners/CMakeLists.txt.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic {

// Adds the ops and runners of every library of the list, in its order. Once per registry.
void RegisterBuiltinRunners(sdk::Registry& registry);

}  // namespace tactic
