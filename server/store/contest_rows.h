// Contests, trials and decisions as rows. Writers run within a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/stored_contest.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"
#include "tactic/model/decision.h"

namespace tactic {

// `decision` with its id and revision; revision 0: it never became visible.
absl::Status InsertDecision(Db& db, int64_t key_id, const Decision& decision);
// The contest and its trials; `decision_id` 0 = without a decision. `evidence.decision_id` is
// ignored.
absl::Status InsertContest(Db& db, int64_t id, int64_t key_id, uint64_t decision_id,
                           const Evidence& evidence, int64_t now_unix_ms);

inline constexpr size_t kKeyOfDecision = 2;  // Column key_id of tables::kDecision.
// The decision of a row of that table, and its key. nullopt: damaged.
std::optional<Decision> DecodeDecision(const Row& row, Key key);

// As the methods of Store with these names.
absl::StatusOr<Decision> ReadDecision(Db& db, Damage& damage, uint64_t id);
absl::StatusOr<Evidence> ReadEvidence(Db& db, Damage& damage, uint64_t decision_id);
absl::StatusOr<bool> FindContest(Db& db, Damage& damage, const StoredContest& contest);
absl::StatusOr<std::optional<StoredContest>> ReadNextContest(Db& db, Damage& damage, uint64_t after,
                                                             uint64_t& damaged);

}  // namespace tactic
