// Tuning and waiting for it: sends problems, follows the job over breaks and restarts of the
// daemon, and waits until the table holds what was decided.
#pragma once

#include <string>
#include <vector>

#include "client/link/connection.h"
#include "client/link/retry.h"
#include "client/link/status_board.h"
#include "tactic/client.h"

namespace tactic::link {

// Unique for each call, also across processes.
std::string NewRequestId();

v1::TuneRequest MakeTuneRequest(const std::string& client, const std::vector<Problem>& problems,
                                const MeasurementPolicy& policy);

// Blocks the calling thread. Notes in `cache` what was measured. Thread-safe: all state is local.
TuneOutcome TuneAndWait(v1::Tuning::Stub& stub, StatusBoard& board, Cache& cache,
                        v1::TuneRequest request, TimeLimit limit);

}  // namespace tactic::link
