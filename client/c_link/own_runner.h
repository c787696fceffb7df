// A runner whose code is callbacks of a C program.
#pragma once

#include <memory>

#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"
#include "tactic/tactic_registry.h"

namespace tactic::c {

// InvalidArgument names the field at fault.
Result<std::unique_ptr<sdk::Runner>> MakeOwnRunner(const tactic_own_runner* runner);

}  // namespace tactic::c
