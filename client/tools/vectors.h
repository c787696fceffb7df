// Recorded profile vectors: what the ancestor's rules give for many specs and shapes. The format,
// version 1, one JSON object {"format": 1, "cases": [...]}; a case has
//   name         of people; may be left out
//   shapes       of the inputs at hand: lists of sizes, null = an absent input
//   dynamic      {input, dim, buckets, map}: buckets is a list or {"kind": "power_of_2" |
//                "last_power_of_2" | "multiples" with "step"}; map is {"kind": "identity" |
//                "next_power_of_2" | "last_power_of_2" | "round_up" with "multiple" | "floor_div"
//                with "by" | "floor_to" or "ceil_to" with "buckets"}
//   constraints  {input, dim, expr}: see expression.h
//   tune_max     a size or null
//   expect       profiles (in order; a dynamic or constrained dimension as {min, opt, max}, max
//   null
//                = unbounded), key (of the shapes), profile_keys (of the opt sizes of each
//                profile), hit_after_tuning, lookups ({shapes, key, hit})
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tactic/model/result.h"
#include "tactic/op_spec.h"

namespace tactic::tools {

using Json = nlohmann::json;

struct Lookup {
  Shapes shapes;
  Json key;
  bool hit = false;
};

struct VectorCase {
  std::string name;
  OpSpec spec;  // Dialect::kAncestor; the profile rules only: no op, no runners.
  Shapes shapes;
  Json profiles;
  Json key;
  Json profile_keys;
  bool hit_after_tuning = false;
  std::vector<Lookup> lookups;
};

// The cases of a file. An Error: it is not of the format as a whole.
Result<Json> CasesOf(const std::string& text);
// An Error names what is missing or wrong in it: "dynamic[0].map.kind: ...".
Result<VectorCase> ReadCase(const Json& json);
// What differs, a line each; empty: all is as expected.
std::vector<std::string> Differences(const VectorCase& expected);

}  // namespace tactic::tools
