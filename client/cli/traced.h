// Evidence in the form of a recorded trace (runners/timing/trace.h). Pure.
#pragma once

#include <string>
#include <vector>

#include "client/cli/describe.h"
#include "client/cli/requests.h"
#include "tactic/model/result.h"

namespace tactic::cli {

// The file's text, the header first: a row for each candidate of each of `found`, which hold
// decisions of one op with their evidence. A candidate that failed, or that was not measured, has
// no samples. Those of the last worker process only, by round; a candidate's row ends before the
// first round that it missed.
//
// InvalidArgument: decisions of two ops, or two that the columns cannot tell apart (they differ in
// dtype, layout or attributes only), named by their ids; FailedPrecondition: nothing to write.
Result<std::string> TraceText(const Schemas& schemas, const std::vector<Found>& found);

}  // namespace tactic::cli
