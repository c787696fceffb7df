// What a longer contest says of the decision that stood before it. Pure.
#pragma once

#include "server/core/job.h"
#include "server/core/lane.h"
#include "tactic/model/decision.h"

namespace tactic {

// `standing` against what a thorough contest of its key has measured. `superseded` is set if the
// contest picked somebody else: the race keeps an incumbent unless another one is faster by more
// than its zone, and surely so (docs/measurement.md).
//
// Drift compares medians of two times of measuring, so it has the whole machine's change in it.
// Regret compares only within rounds: the mean of the log ratios of the pick's samples to those of
// the candidate that is best by it, of all that were raced to the end.
Verification Verify(const Decision& standing, const ContestResult& result);

}  // namespace tactic
