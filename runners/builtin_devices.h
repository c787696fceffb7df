// All the devices that this build can measure on, with all the runner libraries that it has for
// each. The list is in runners/CMakeLists.txt.
#pragma once

#include <vector>

#include "runners/worker/worker.h"

namespace tactic {

std::vector<DeviceSupport> BuiltinDevices();

}  // namespace tactic
