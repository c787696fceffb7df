// From the rows of a table back to what must be loaded to run their answers.
#pragma once

#include <cstdint>
#include <optional>

#include "client/cache/compiled_op.h"
#include "client/cache/rows.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

// What `op` needs ready for a row of these sizes, which is answered by `entry`. nullopt: with no
// runner that it has. An Error is that of a constraint. REQUIRES: Fits.
Result<std::optional<Primed>> PrimedBy(const OpHandle& op, const Shapes& sizes, const Entry& entry);

}  // namespace tactic::cache_internal
