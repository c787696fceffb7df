// JSON as Python's json module writes it: with bare NaN, Infinity and -Infinity.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "client/interop/python_literal.h"
#include "tactic/model/result.h"

namespace tactic::interop {

using Json = nlohmann::ordered_json;

// The value; a bare NaN or Infinity becomes the string of that name. InvalidArgument says where it
// is no JSON.
Result<Json> ParseJson(std::string_view text);

// A JSON value as a Python one: arrays are tuples or lists. InvalidArgument: an integer beyond 64
// bits, or nested too deep.
enum class Arrays { kTuples, kLists };
Result<PyValue> ToPython(const Json& json, Arrays arrays);
// And back; tuples become arrays, keys that are no strings their literals, as far as JSON can.
Json FromPython(const PyValue& value);

}  // namespace tactic::interop
