// Bans as rows. Writers run within a transaction.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"
#include "tactic/model/ban.h"

namespace tactic {

// As the methods of Store with these names.
absl::Status WriteBan(Db& db, const Ban& ban);
absl::StatusOr<bool> EraseBan(Db& db, const Ban& ban);
absl::StatusOr<std::vector<Ban>> ReadBans(Db& db, Damage& damage, uint64_t& damaged);

}  // namespace tactic
