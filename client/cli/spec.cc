#include "client/cli/spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tactic/model/problem.h"

namespace tactic::cli {
namespace {

using Json = nlohmann::json;

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// All of `text` as a number, or nothing.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || text.empty()) return std::nullopt;
  return value;
}

Result<int64_t> ParseSize(std::string_view text) {
  const std::optional<int64_t> value = ParseNumber<int64_t>(text);
  if (!value) {
    return InvalidArgument(Quoted(text) +
                           " is not a size; give a number (2048), a list (1,2,8) or a range "
                           "(1..512:pow2, 64..256:64)");
  }
  if (*value < 0 || *value > limits::kDim) {
    return InvalidArgument("size " + std::string(text) + " is out of range: 0 to " +
                           std::to_string(limits::kDim));
  }
  return *value;
}

Error TooMany(std::string_view text) {
  return InvalidArgument(Quoted(text) + " stands for more than " +
                         std::to_string(limits::kProblems) +
                         " sizes, the most that one job takes; use a larger step");
}

// `low`, then the powers of two in between, then `high`.
std::vector<int64_t> PowersOfTwo(int64_t low, int64_t high) {
  std::vector<int64_t> sizes = {low};
  for (int64_t power = 1; power < high; power *= 2) {
    if (power > low) sizes.push_back(power);
  }
  if (high > low) sizes.push_back(high);
  return sizes;
}

Result<std::vector<int64_t>> Steps(std::string_view text, int64_t low, int64_t high, int64_t step) {
  if ((high - low) / step >= static_cast<int64_t>(limits::kProblems)) return TooMany(text);
  std::vector<int64_t> sizes;
  for (int64_t size = low; size <= high; size += step) sizes.push_back(size);
  return sizes;
}

Result<std::vector<int64_t>> ParseRange(std::string_view text, size_t dots) {
  const size_t colon = text.find(':', dots);
  const std::string_view rule =
      colon == std::string_view::npos ? std::string_view("1") : text.substr(colon + 1);
  const auto low = ParseSize(text.substr(0, dots));
  if (!low.ok()) return low.error();
  const auto high = ParseSize(text.substr(dots + 2, std::min(colon, text.size()) - dots - 2));
  if (!high.ok()) return high.error();
  if (*low > *high) {
    return InvalidArgument("range " + Quoted(text) + " runs backwards; put the smaller size first");
  }
  if (rule == "pow2") return PowersOfTwo(*low, *high);
  const std::optional<int64_t> step = ParseNumber<int64_t>(rule);
  if (!step || *step < 1) {
    return InvalidArgument("range " + Quoted(text) + " has the step " + Quoted(rule) +
                           "; give pow2 or a number from 1 up");
  }
  return Steps(text, *low, *high, *step);
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3},     {"µs", 1e3},   {"ms", 1e6},
                           {"s", 1e9}, {"m", 60 * 1e9}, {"h", 3600e9}, {"d", 86400e9}};

Error BadDuration(std::string_view text) {
  return InvalidArgument(Quoted(text) +
                         " is not a duration; give a number and a unit (ns us ms s m h d), such as "
                         "500ms, 3m or 1h30m");
}

bool IsNumberCharacter(char c) { return (c >= '0' && c <= '9') || c == '.'; }

// nullopt: null, or a whole number beyond int64_t.
std::optional<Value> ValueOf(const Json& json) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_float()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_number_unsigned() && !std::in_range<int64_t>(json.get<uint64_t>())) {
    return std::nullopt;
  }
  if (json.is_number_integer()) return Value(json.get<int64_t>());
  ValueList list;
  std::vector<Parameter> parameters;
  for (const auto& [name, item] : json.items()) {
    std::optional<Value> value = ValueOf(item);
    if (!value) return std::nullopt;
    if (json.is_array()) {
      list.items.push_back(*std::move(value));
    } else {
      parameters.push_back({name, *std::move(value)});
    }
  }
  if (json.is_array()) return Value(std::move(list));
  if (json.is_object()) return Value(Parameters(std::move(parameters)));
  return std::nullopt;
}

Result<Value> ParseNested(std::string_view text, Json::value_t type, const char* wanted) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.type() == type) {
    if (std::optional<Value> value = ValueOf(json)) return *std::move(value);
  }
  return InvalidArgument(Quoted(text) + " is not " + wanted);
}

}  // namespace

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    items.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return items;
    begin = end + 1;
  }
}

Result<std::vector<int64_t>> ParseSizes(std::string_view text) {
  if (text.empty()) return ParseSize(text).error();
  std::vector<int64_t> sizes;
  for (const std::string& item : Split(text, ',')) {
    const size_t dots = item.find("..");
    std::vector<int64_t> part;
    if (dots == std::string::npos) {
      const auto size = ParseSize(item);
      if (!size.ok()) return size.error();
      part.push_back(*size);
    } else {
      auto range = ParseRange(item, dots);
      if (!range.ok()) return range.error();
      part = std::move(range).value();
    }
    for (const int64_t size : part) {
      if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
    }
    if (sizes.size() > limits::kProblems) return TooMany(text);
  }
  return sizes;
}

Result<int64_t> ParseDuration(std::string_view text) {
  if (text == "0") return 0;
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) return BadDuration(text);
  while (!rest.empty()) {
    const auto* end = std::find_if_not(rest.begin(), rest.end(), IsNumberCharacter);
    const std::optional<double> number =
        ParseNumber<double>(rest.substr(0, static_cast<size_t>(end - rest.begin())));
    rest.remove_prefix(static_cast<size_t>(end - rest.begin()));
    const auto* unit_end = std::find_if(rest.begin(), rest.end(), IsNumberCharacter);
    const std::string_view name = rest.substr(0, static_cast<size_t>(unit_end - rest.begin()));
    rest.remove_prefix(name.size());
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& u) { return u.name == name; });
    if (!number || unit == std::end(kUnits)) return BadDuration(text);
    total += *number * unit->nanoseconds;
  }
  constexpr double kLongest = 366 * 86400e9;
  if (total > kLongest) return InvalidArgument("duration " + Quoted(text) + " is over a year");
  return static_cast<int64_t>(std::llround(total));
}

Result<std::pair<std::string, std::string>> ParsePair(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return InvalidArgument(Quoted(text) + " is not of the form name=value");
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<std::map<std::string, int64_t>> ParseShape(std::string_view text) {
  std::map<std::string, int64_t> sizes;
  for (const std::string& item : Split(text, ',')) {
    auto pair = ParsePair(item);
    if (!pair.ok()) return pair.error();
    const auto size = ParseSize(pair->second);
    if (!size.ok()) return size.error();
    if (!sizes.emplace(pair->first, *size).second) {
      return InvalidArgument("shape " + Quoted(text) + " gives " + pair->first + " twice");
    }
  }
  if (sizes.empty()) return InvalidArgument("empty shape; write it as m=1,n=2048,k=2048");
  return sizes;
}

Result<Value> ParseValueLike(std::string_view text, const Value& like) {
  if (std::holds_alternative<std::string>(like)) return Value(std::string(text));
  if (std::holds_alternative<ValueList>(like)) {
    return ParseNested(text, Json::value_t::array, "a list in JSON, such as [128,64]");
  }
  if (std::holds_alternative<Parameters>(like)) {
    return ParseNested(text, Json::value_t::object, "an object in JSON, such as {\"stages\":3}");
  }
  if (std::holds_alternative<bool>(like)) {
    if (text == "true" || text == "1") return Value(true);
    if (text == "false" || text == "0") return Value(false);
    return InvalidArgument(Quoted(text) + " is not true or false");
  }
  if (std::holds_alternative<double>(like)) {
    const std::optional<double> value = ParseNumber<double>(text);
    if (value && std::isfinite(*value)) return Value(*value);
    return InvalidArgument(Quoted(text) + " is not a number");
  }
  const std::optional<int64_t> value = ParseNumber<int64_t>(text);
  if (value) return Value(*value);
  return InvalidArgument(Quoted(text) + " is not a whole number");
}

Error TooManyProblems() {
  return InvalidArgument("these sizes make more than " + std::to_string(limits::kProblems) +
                         " problems, the most that one job takes; ask for fewer at once");
}

Result<std::vector<std::map<std::string, int64_t>>> CartesianProduct(const NamedSizes& dims) {
  std::vector<std::map<std::string, int64_t>> product = {{}};
  for (const auto& [name, sizes] : dims) {
    if (product.size() * sizes.size() > limits::kProblems) {
      return TooManyProblems();
    }
    std::vector<std::map<std::string, int64_t>> longer;
    for (const auto& partial : product) {
      for (const int64_t size : sizes) {
        longer.push_back(partial);
        longer.back()[name] = size;
      }
    }
    product = std::move(longer);
  }
  return product;
}

Result<std::vector<std::string>> RewriteDimFlags(
    const std::vector<std::string>& arguments,
    const std::function<bool(const std::string& flag)>& is_known) {
  std::vector<std::string> rewritten;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      rewritten.insert(rewritten.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                       arguments.end());
      break;
    }
    const size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    if (flag.size() < 3 || !flag.starts_with("--") || is_known(flag)) {
      rewritten.push_back(argument);
    } else if (equals != std::string::npos) {
      rewritten.push_back("--dim=" + argument.substr(2));
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      rewritten.push_back("--dim=" + flag.substr(2) + "=" + arguments[++i]);
    } else {
      return InvalidArgument(flag + " needs a value: a size, a list or a range, such as " + flag +
                             " 1..512:pow2");
    }
  }
  return rewritten;
}

}  // namespace tactic::cli
