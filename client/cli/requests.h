// The calls that several commands make.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/model/result.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// This process, for others to see who asks: "tacticctl/4711".
std::string ClientName();

// Waits, as long as the connection's timeout, for lanes that are starting, so that their ops are
// known.
Result<v1::GetServerInfoResponse> GetReadyServerInfo(Connection& connection);

// A decision and, if asked for, what was measured for it.
struct Found {
  Decision decision;
  std::optional<Evidence> evidence;
};
// kNotFound: no such decision.
Result<Found> FindById(Connection& connection, uint64_t id, bool with_evidence);
// No value: a miss.
Result<std::optional<Found>> FindByProblem(Connection& connection, const Problem& problem,
                                           const MeasurementPolicy& policy, bool with_evidence);

// The standing decisions of these ops (empty: of all), by revision.
Result<std::vector<Decision>> Snapshot(Connection& connection, const std::vector<std::string>& ops);

}  // namespace tactic::cli
