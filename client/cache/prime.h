// From the rows of a table back to what must be loaded to run their answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "client/cache/compiled_op.h"
#include "client/cache/rows.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

// What `op`, whose runners have these numbers in its order, needs ready for this row of its family.
// nullopt: the row does not answer it, or with no runner that it has. An Error is that of a
// constraint.
Result<std::optional<Primed>> PrimedBy(const OpHandle& op, std::span<const uint32_t> runners,
                                       const Rows::Item& item);

}  // namespace tactic::cache_internal
