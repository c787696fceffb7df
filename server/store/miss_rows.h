// Reported misses as rows. Writers run within a transaction.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/miss.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"

namespace tactic {

// As the methods of Store with these names.
absl::Status WriteMisses(Db& db, Damage& damage, const std::vector<MissedCall>& misses);
absl::StatusOr<std::vector<MissedCall>> ReadMisses(Db& db, Damage& damage);

}  // namespace tactic
