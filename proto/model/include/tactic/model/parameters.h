// Named, typed parameters: the attributes of a problem and the settings of a tactic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tactic {

// One setting's value. The alternatives' order is part of the canonical encoding (codec.h): append
// only.
using Value = std::variant<int64_t, bool, double, std::string>;

struct Parameter {
  std::string name;
  Value value;
  auto operator<=>(const Parameter&) const = default;
};

// A set of parameters, sorted by name, names unique. The order is an invariant, so that equal sets
// are equal byte for byte in every encoding.
class Parameters {
 public:
  Parameters() = default;
  // Sorts `items`. Of two items with one name the last wins.
  Parameters(std::vector<Parameter> items);  // NOLINT: implicit, for braced lists.
  Parameters(std::initializer_list<Parameter> items) : Parameters(std::vector<Parameter>(items)) {}

  const std::vector<Parameter>& items() const { return items_; }
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }

  void Set(std::string_view name, Value value);
  // The value named `name`, or nullptr.
  const Value* Find(std::string_view name) const;
  // The value named `name` if it is there and of that type, else `otherwise`.
  int64_t IntOr(std::string_view name, int64_t otherwise) const;
  bool BoolOr(std::string_view name, bool otherwise) const;
  std::string StringOr(std::string_view name, std::string_view otherwise) const;

  // For people: "kc=256 mc=96 micro=avx2_6x16"; "default" when empty. Never parsed.
  std::string ToText() const;

  auto operator<=>(const Parameters&) const = default;

 private:
  std::vector<Parameter> items_;
};

// For people: 42, true, 0.5, text.
std::string ToText(const Value& value);

// One concrete kernel configuration of a runner. Empty = the runner's default ("fallback"; -1 in
// the ancestor), which handles every problem of the op.
using Tactic = Parameters;

}  // namespace tactic
