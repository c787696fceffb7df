// What the daemon keeps of a contest, for the statistics of this process.
#pragma once

#include <cstdint>

#include "client/link/connection.h"
#include "client/link/retry.h"
#include "tactic/statistics.h"

namespace tactic::link {

// Adds what was measured for a decision: the time, and the candidates that failed. Another status
// than OK: the daemon did not tell, and nothing was added.
grpc::Status ReadEvidence(v1::Tuning::Stub& stub, const TimeLimit& limit, uint64_t decision_id,
                          TunedProfile& profile);

}  // namespace tactic::link
