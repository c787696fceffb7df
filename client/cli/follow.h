// Follows a job to its end, over restarts of the daemon, and says what came of it.
#pragma once

#include <string>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// Shows the progress of `job` on standard error until it ends, then its summary on standard output.
// An interrupt stops the following; the job goes on unless `cancel_on_interrupt`. If the daemon
// goes away, waits a minute for it to come back: jobs survive its restart. With `stream`, standard
// output gets each state of the job as a line of JSON instead of a summary of the last.
struct FollowOptions {
  bool cancel_on_interrupt = false;
  bool stream = false;
};
Result<int> Follow(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::Job& job, const FollowOptions& options);

}  // namespace tactic::cli
