#include <string>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/requests.h"
#include "client/cli/traced.h"

namespace tactic::cli {
namespace {

Result<std::vector<Found>> Fetch(Connection& connection, const TraceFlags& flags) {
  std::vector<uint64_t> ids = flags.ids;
  if (ids.empty()) {
    const auto decisions = Snapshot(connection, flags.ops);
    if (!decisions.ok()) return decisions.error();
    for (const Decision& decision : *decisions) ids.push_back(decision.id);
  }
  std::vector<Found> found;
  for (const uint64_t id : ids) {
    auto one = FindById(connection, id, true);
    if (!one.ok()) return one.error();
    // One that was imported from another program has no samples.
    if (!one->evidence || one->evidence->trials.empty()) continue;
    found.push_back(*std::move(one));
  }
  return found;
}

}  // namespace

Result<int> RunTrace(const Settings& settings, const TraceFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  const auto found = Fetch(*connection, flags);
  if (!found.ok()) return found.error();
  const auto text = TraceText(Schemas(*info), *found);
  if (!text.ok()) return text.error();
  const Check written = Write(*text);
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
