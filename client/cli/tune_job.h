// Jobs as the command line makes them: what requests have in common, and what happens to the
// answer.
#pragma once

#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// A request without problems: with an id of its own, the client, and the deadline.
// kInvalidArgument: the deadline.
Result<v1::TuneRequest> NewTuneRequest(const JobFlags& flags);

// One job after the other, each as RunJob; until the user interrupts. The first code that is not 0.
Result<int> RunJobsInTurn(const Settings& settings, Connection& connection, const Schemas& schemas,
                          const std::vector<v1::TuneRequest>& requests, const JobFlags& flags);

// Sends it and follows the job to its end, or, detached, prints its id. The exit code.
Result<int> RunJob(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::TuneRequest& request, const JobFlags& flags);

}  // namespace tactic::cli
