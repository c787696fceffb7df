#include "client/interop/json_text.h"

#include <array>
#include <limits>
#include <utility>

namespace tactic::interop {
namespace {

constexpr int kMostNesting = 64;

// Puts quotes around the bare words that JSON does not know.
std::string QuoteBareNumbers(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWords = {"-Infinity", "Infinity", "NaN"};
  std::string out;
  bool in_string = false;
  while (!text.empty()) {
    size_t taken = 1;
    std::string piece(text.substr(0, 1));
    if (in_string && piece == "\\") {
      taken = std::min<size_t>(2, text.size());
      piece = text.substr(0, taken);
    } else if (piece == "\"") {
      in_string = !in_string;
    } else if (!in_string) {
      for (const std::string_view word : kWords) {
        if (!text.starts_with(word)) continue;
        taken = word.size();
        piece = "\"" + std::string(word) + "\"";
        break;
      }
    }
    out += piece;
    text.remove_prefix(taken);
  }
  return out;
}

Result<PyValue> Convert(const Json& json, Arrays arrays, int depth) {
  if (depth > kMostNesting) return InvalidArgument("it is nested too deep");
  if (json.is_null()) return PyValue{PyNone()};
  if (json.is_boolean()) return PyValue{json.get<bool>()};
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return InvalidArgument("an integer is beyond 64 bits");
  }
  if (json.is_number_integer()) return PyValue{json.get<int64_t>()};
  if (json.is_number()) return PyValue{json.get<double>()};
  if (json.is_string()) return PyValue{json.get<std::string>()};
  PyDict dict;
  std::vector<PyValue> items;
  for (const auto& item : json.items()) {
    Result<PyValue> value = Convert(item.value(), arrays, depth + 1);
    if (!value.ok()) return value;
    if (json.is_object()) {
      dict.items.emplace_back(PyValue{item.key()}, *std::move(value));
    } else {
      items.push_back(*std::move(value));
    }
  }
  if (json.is_object()) return PyValue{std::move(dict)};
  if (arrays == Arrays::kTuples) return PyValue{PyTuple{std::move(items)}};
  return PyValue{PyList{std::move(items)}};
}

struct ToJson {
  Json operator()(PyNone) const { return nullptr; }
  template <typename T>
  Json operator()(const T& v) const {
    if constexpr (requires { v.items; }) {
      Json array = Json::array();
      for (const PyValue& item : v.items) array.push_back(FromPython(item));
      return array;
    } else {
      return v;
    }
  }
  Json operator()(const PyDict& v) const {
    Json object = Json::object();
    for (const auto& [key, item] : v.items) {
      const auto* name = std::get_if<std::string>(&key.value);
      object[name != nullptr ? *name : ToPythonLiteral(key)] = FromPython(item);
    }
    return object;
  }
};

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  try {
    return Json::parse(QuoteBareNumbers(text));
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("no JSON: ") + error.what());
  }
}

Result<PyValue> ToPython(const Json& json, Arrays arrays) { return Convert(json, arrays, 0); }

Json FromPython(const PyValue& value) { return std::visit(ToJson(), value.value); }

}  // namespace tactic::interop
