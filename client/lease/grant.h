// What the daemon knows of a contest before it begins.
#pragma once

#include "runners/timing/contest_plan.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::lease {

// Completes `contest`, of which the problem and its runners are known, and what this process has
// banned. What cannot be read is left out: a trial is measured again, priors only save time, and
// the daemon refuses what is banned.
void ReadGrant(const v1::AcquireLeaseResponse::Granted& granted, timing::ContestPlan& contest);

}  // namespace tactic::lease
