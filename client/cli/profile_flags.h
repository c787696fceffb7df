// `tacticctl profiles`: what a spec of dynamic dimensions makes of sizes. Pure: the rules are those
// of a client's own registration (tactic/op_spec.h), asked through a cache without a daemon.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/json.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/result.h"
#include "tactic/op_spec.h"

namespace tactic::cli {

// As typed.
struct ProfilesFlags {
  std::string op;
  std::vector<std::string> inputs;  // "m,k": the dimensions of an input; empty: as the daemon says.
  std::vector<std::string> dims;    // "m=5": one size each.
  std::vector<std::string> dynamic;  // "m", "m=BUCKETS" or "m=BUCKETS/MAPPER".
  std::vector<std::string> at;       // "m=1..10": sizes to look up.
  std::string tune_max;              // Empty: none.
  bool ancestor = false;
};

// The schema that --input describes: its dimensions, no more.
Result<OpSchema> SchemaOfInputs(const ProfilesFlags& flags);

// "NAME[=BUCKETS[/MAPPER]]" with the mapper that fits the buckets if none is named. The place is
// left at 0, 0.
Result<std::pair<std::string, DynamicDim>> ParseDynamic(const std::string& text);

struct Explained {
  using Sizes = std::map<std::string, int64_t>;  // By dimension name.
  struct Lookup {
    Sizes sizes;
    Problem problem;                // What it is looked up as.
    std::optional<size_t> profile;  // From 1; nullopt: a miss.
  };
  OpSchema schema;
  std::vector<Problem> profiles;
  std::vector<Lookup> lookups;
};

// An Error names the flag, or is what Register says of the spec.
Result<Explained> Explain(const OpSchema& schema, const ProfilesFlags& flags);

std::string TextOf(const Explained& explained);
Json ToJson(const Explained& explained);

}  // namespace tactic::cli
