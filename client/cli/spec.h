// Reads what people type on a command line: sizes, ranges, durations, `name=value` pairs. Pure. An
// Error says what was typed, what was expected, and gives an example.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::cli {

// The sizes that one SPEC stands for, in the order given, each once:
//   2048            one size
//   1,2,8           a list; its items may be ranges
//   1..512:pow2     1, 2, 4, … 512; a bound that is no power of two is a size of its own
//   64..256:64      64, 128, 192, 256
//   1..4            every size: step 1
// At most limits::kProblems sizes, each from 0 to limits::kDim.
Result<std::vector<int64_t>> ParseSizes(std::string_view text);

// A whole number of nanoseconds out of "500ms", "3m", "1h30m", "250us". A bare number other than 0
// is an Error: it would leave the unit to guessing.
Result<int64_t> ParseDuration(std::string_view text);

// "name=value" cut at the first '='; both sides not empty.
Result<std::pair<std::string, std::string>> ParsePair(std::string_view text);

// "m=1,n=2048,k=2048": one value of one of `ParseSizes`' plain numbers for each name, no name
// twice.
Result<std::map<std::string, int64_t>> ParseShape(std::string_view text);

// `text` as a value of the type that `like` has; lists and sets of parameters are written as JSON.
Result<Value> ParseValueLike(std::string_view text, const Value& like);

// Splits at `separator`; no text, no items.
std::vector<std::string> Split(std::string_view text, char separator);

// Every combination of the named lists of sizes, the last name varying fastest.
// An Error (TooManyProblems) if there are more than limits::kProblems.
using NamedSizes = std::vector<std::pair<std::string, std::vector<int64_t>>>;
Result<std::vector<std::map<std::string, int64_t>>> CartesianProduct(const NamedSizes& dims);

Error TooManyProblems();

// Ops name their own dimensions, so their flags cannot be declared: rewrites each "--m 4" or
// "--m=4" whose name `is_known` denies into "--dim=m=4", and leaves everything else (and all after
// "--") as it is. `arguments` without the program's name.
Result<std::vector<std::string>> RewriteDimFlags(
    const std::vector<std::string>& arguments,
    const std::function<bool(const std::string& flag)>& is_known);

}  // namespace tactic::cli
