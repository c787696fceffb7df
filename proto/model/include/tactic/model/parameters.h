// Named, typed parameters, which may nest: the attributes of a problem and the settings of a
// tactic.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tactic {

struct ValueList;
class Parameters;

// One setting's value. Lists and sets of parameters nest, within limits::kValueDepth and
// limits::kValues. The alternatives' order is part of the canonical encoding (codec.h): append
// only.
using Value = std::variant<int64_t, bool, double, std::string, ValueList, Parameters>;

// Values in an order that means something; of any types: ValueList{{int64_t{128}, int64_t{64}}}.
struct ValueList {
  std::vector<Value> items;
  bool operator==(const ValueList& other) const;
  std::partial_ordering operator<=>(const ValueList& other) const;
};

struct Parameter;

// A set of parameters, sorted by name, names unique. The order is an invariant, so that equal sets
// are equal byte for byte in every encoding.
class Parameters {
 public:
  Parameters() = default;
  // Sorts `items`. Of two items with one name the last wins.
  Parameters(std::vector<Parameter> items);            // NOLINT: implicit, for braced lists.
  Parameters(std::initializer_list<Parameter> items);  // NOLINT: likewise.

  const std::vector<Parameter>& items() const { return items_; }
  bool empty() const;
  size_t size() const;

  void Set(std::string_view name, Value value);
  // The value named `name`, or nullptr.
  const Value* Find(std::string_view name) const;
  // The value named `name` if it is there and of that type, else `otherwise`.
  int64_t IntOr(std::string_view name, int64_t otherwise) const;
  bool BoolOr(std::string_view name, bool otherwise) const;
  std::string StringOr(std::string_view name, std::string_view otherwise) const;

  // For people: "kc=256 mc=96 micro=avx2_6x16"; "default" when empty. Never parsed.
  std::string ToText() const;

  bool operator==(const Parameters& other) const;
  std::partial_ordering operator<=>(const Parameters& other) const;

 private:
  std::vector<Parameter> items_;
};

struct Parameter {
  std::string name;
  Value value;
  bool operator==(const Parameter&) const = default;
  std::partial_ordering operator<=>(const Parameter&) const = default;
};

inline bool Parameters::empty() const { return items_.empty(); }
inline size_t Parameters::size() const { return items_.size(); }

// For people: 42, true, 0.5, text, [128,64], {stages=3 tile=[128,64]}.
std::string ToText(const Value& value);

// One concrete kernel configuration of a runner. Empty = the runner's default ("fallback"; -1 in
// the ancestor), which handles every problem of the op.
using Tactic = Parameters;

}  // namespace tactic
