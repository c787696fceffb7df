// An op whose code is callbacks of a C program.
#pragma once

#include <memory>

#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"
#include "tactic/tactic_registry.h"

namespace tactic::c {

// InvalidArgument names the field at fault.
Result<std::unique_ptr<sdk::Op>> MakeOwnOp(const tactic_own_op* op);

}  // namespace tactic::c
