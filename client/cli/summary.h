// What came of a job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// One contest of an ended job with what it found. Evidence only of what this job measured.
struct SummaryRow {
  v1::Contest contest;
  std::optional<Decision> decision;
  std::optional<Evidence> evidence;
};

// A table with a row a problem, then totals; `width` as OutputWidth(). Pure.
std::string SummaryText(const Schemas& schemas, const v1::Job& job,
                        const std::vector<SummaryRow>& rows, size_t width);

// Fetches the decisions of an ended job and writes the summary, as a table or as JSON.
Check WriteSummary(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::Job& job);

}  // namespace tactic::cli
