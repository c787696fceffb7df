// A worker's progress as the lane tells it. Pure.
#pragma once

#include "server/core/job.h"
#include "server/lane/contest.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

// What the worker says, as far as it can be right, and what the contest's record knows better.
// `lane` and `elapsed_seconds` are left to the caller.
ContestProgress ProgressOf(const Contest& contest, const v1::WorkerProgress& message);

}  // namespace tactic
