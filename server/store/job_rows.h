// Jobs and their items as rows. Writers run within a transaction.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/job.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"

namespace tactic {

// As the methods of Store with these names.
absl::Status WriteJob(Db& db, Damage& damage, const Job& job);
absl::Status WriteJobItem(Db& db, Damage& damage, const Job& job, size_t index);
absl::Status EraseJobsEndedBefore(Db& db, int64_t unix_ms);
// A job is left out whole when its row or one of its items is damaged: items are known by position.
absl::StatusOr<std::vector<Job>> ReadJobs(Db& db, Damage& damage);

}  // namespace tactic
