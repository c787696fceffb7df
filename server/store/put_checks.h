// What every store refuses, with the same words.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "server/core/job.h"
#include "server/core/miss.h"
#include "tactic/model/ban.h"
#include "tactic/model/decision.h"

namespace tactic {

// InvalidArgument: the decision is for another key, or ranks nothing; or a value is outside the
// model's limits, so that it could be written but never read back.
absl::Status CheckContest(const Key& key, const std::optional<Decision>& decision,
                          const Evidence& evidence);
// InvalidArgument: no id, a runner name that is none, an item whose fingerprint is not its key's,
// or whose key is outside the model's limits.
absl::Status CheckJob(const Job& job);
// NotFound: the job has no item of this index. Otherwise as CheckJob, for this item.
absl::Status CheckJobItem(const Job& job, size_t index);
// InvalidArgument: a key or shapes outside the model's limits, or a count of 0.
absl::Status CheckMisses(const std::vector<MissedCall>& misses);
// InvalidArgument: the stored job has another number of items, so that it is not the same job.
absl::Status CheckItemCount(const Job& job, size_t stored);
// InvalidArgument: a value outside the model's limits.
absl::Status CheckBanToStore(const Ban& ban);
// ResourceExhausted: `held` bans are as many as may be.
absl::Status CheckRoomForBan(size_t held);

}  // namespace tactic
