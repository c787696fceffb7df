// What a daemon says of its lanes (tuning.proto), as the vocabulary has it.
#pragma once

#include "tactic/model/key.h"
#include "tactic/model/result.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::convert {

// The environment in which `lane` measures this one of its ops. Errors as of convert.h.
Result<Environment> EnvironmentOf(const v1::Lane& lane, const v1::OpInfo& op);

}  // namespace tactic::convert
