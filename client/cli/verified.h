// What verifying decisions has shown, for people. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// One contest of an ended job that verifies. `before`: the decision that was verified, `now` the
// one that stands; both unset where nothing was found.
struct VerifiedRow {
  v1::Contest contest;
  std::optional<Decision> before;
  std::optional<Decision> now;
};

// A table with a row a problem, then totals; `width` as OutputWidth().
std::string VerifiedText(const Schemas& schemas, const v1::Job& job,
                         const std::vector<VerifiedRow>& rows, size_t width);

// Takes out what no lane of the daemon can measure: decisions of another environment, or of an op
// that is unknown now. How many that were.
size_t DropUnmeasurable(const v1::GetServerInfoResponse& info, std::vector<Decision>& decisions);

}  // namespace tactic::cli
