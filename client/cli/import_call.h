// One call of Import: records from anywhere into the daemon, and what it says of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "tactic/model/decision.h"
#include "tactic/v1/admin.pb.h"

namespace tactic::cli {

// The next record; nullopt: there are no more.
using RecordSource = std::function<Result<std::optional<v1::ExportRecord>>()>;

// Decisions without evidence, as the records of an export.
RecordSource RecordsOf(std::vector<Decision> decisions);

struct Imported {
  v1::ImportResponse response;
  std::optional<Error> source_error;  // The source failed; the response is about what came before.
};
// Sends records until there are no more, the source fails, or the user interrupts.
Result<Imported> ImportRecords(const Settings& settings, Connection& connection, bool dry_run,
                               const RecordSource& next);

// A row of another program's file that was left out.
struct LeftOut {
  std::string key;
  std::string why;
};
// Writes the answer to standard output, as text or JSON.
Check WriteImported(const Settings& settings, Connection& connection, bool dry_run,
                    const v1::ImportResponse& response, const std::vector<LeftOut>& left_out = {});

}  // namespace tactic::cli
