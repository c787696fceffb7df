// Cache files of other autotuners: tacticctl import and export with --format.
#pragma once

#include "client/cli/commands.h"

namespace tactic::cli {

// Their rows go into the daemon as decisions without evidence.
Result<int> ImportForeign(const Settings& settings, const ImportFlags& flags);
// The standing decisions, as far as their form has room.
Result<int> ExportForeign(const Settings& settings, const ExportFlags& flags);

}  // namespace tactic::cli
