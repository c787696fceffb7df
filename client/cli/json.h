// The daemon's values as JSON: the shapes that docs/cli.md promises to scripts. Times in
// nanoseconds, enumerations as the names that people type, 64-bit numbers as numbers.
#pragma once

#include <nlohmann/json.hpp>

#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

using Json = nlohmann::ordered_json;

Json ToJson(const Schemas& schemas, const Problem& problem);
Json ToJson(const Schemas& schemas, const Decision& decision);
Json ToJson(const Schemas& schemas, const v1::Job& job);
Json ToJson(const Schemas& schemas, const v1::Miss& miss);
Json ToJson(const Environment& environment);
Json ToJson(const Parameters& parameters);
Json ToJson(const Trial& trial);
Json ToJson(const v1::GetServerInfoResponse& info);

// On one line, and for people over several; both with a line end. Text that is not UTF-8 gets
// replacement characters.
std::string OneLine(const Json& json);
std::string Pretty(const Json& json);

}  // namespace tactic::cli
