// Finding the decision that flags describe: shared by `lookup` and `show`.
#pragma once

#include <optional>

#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/problem_flags.h"
#include "client/cli/requests.h"
#include "tactic/model/result.h"

namespace tactic::cli {

// No value: a miss. kInvalidArgument: the flags do not describe exactly one problem.
Result<std::optional<Found>> FindByFlags(Connection& connection, const Schemas& schemas,
                                         const ProblemFlags& flags, bool with_evidence);

// kNotFound, with the command that would tune it.
Error Miss(const ProblemFlags& flags);

}  // namespace tactic::cli
