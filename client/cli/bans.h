// From the flags of ban and unban to what is banned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/json.h"
#include "tactic/model/ban.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// Of all lanes and ops, each once.
std::vector<RunnerId> RunnersOf(const v1::GetServerInfoResponse& info);

// Whether the flags leave out the runner's unique id, so that it has to be found among known ones.
bool NeedsKnownRunners(const BanFlags& flags);

// Without the reason and who asks. An Error names the flag and lists what is known.
Result<Ban> MakeBan(const BanFlags& flags, const std::vector<RunnerId>& known);

// Those that hold in the daemon; how many are damaged in its store, and do not.
struct HeldBans {
  std::vector<Ban> bans;
  uint64_t damaged = 0;
};
Result<HeldBans> ReadBans(Connection& connection);

Json ToJson(const Ban& ban);
std::string BansTable(const std::vector<Ban>& bans);

}  // namespace tactic::cli
