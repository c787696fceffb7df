#include "tactic/model/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tactic {
namespace {

bool NameLess(const Parameter& parameter, std::string_view name) { return parameter.name < name; }

template <typename T>
T ValueOr(const Value* value, T otherwise) {
  const T* held = value == nullptr ? nullptr : std::get_if<T>(value);
  return held == nullptr ? std::move(otherwise) : *held;
}

std::string Listed(const Parameters& parameters) {
  std::string text;
  for (const Parameter& item : parameters.items()) {
    if (!text.empty()) text += ' ';
    text += item.name + '=' + ToText(item.value);
  }
  return text;
}

}  // namespace

Parameters::Parameters(std::vector<Parameter> items) : items_(std::move(items)) {
  const auto out_of_order = [](const Parameter& a, const Parameter& b) {
    return !(a.name < b.name);
  };
  if (std::adjacent_find(items_.begin(), items_.end(), out_of_order) == items_.end()) return;
  // Stable and from the back, so that the last of equal names comes first and unique() keeps it.
  std::reverse(items_.begin(), items_.end());
  std::stable_sort(items_.begin(), items_.end(),
                   [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
  const auto end =
      std::unique(items_.begin(), items_.end(),
                  [](const Parameter& a, const Parameter& b) { return a.name == b.name; });
  items_.erase(end, items_.end());
}

Parameters::Parameters(std::initializer_list<Parameter> items)
    : Parameters(std::vector<Parameter>(items)) {}

// Written out: clang 14 does not survive defaulted comparisons of a type that contains itself.
bool ValueList::operator==(const ValueList& other) const { return items == other.items; }
std::partial_ordering ValueList::operator<=>(const ValueList& other) const {
  return items <=> other.items;
}
bool Parameters::operator==(const Parameters& other) const { return items_ == other.items_; }
std::partial_ordering Parameters::operator<=>(const Parameters& other) const {
  return items_ <=> other.items_;
}

void Parameters::Set(std::string_view name, Value value) {
  const auto at = std::lower_bound(items_.begin(), items_.end(), name, NameLess);
  if (at != items_.end() && at->name == name) {
    at->value = std::move(value);
  } else {
    items_.insert(at, Parameter{std::string(name), std::move(value)});
  }
}

const Value* Parameters::Find(std::string_view name) const {
  const auto at = std::lower_bound(items_.begin(), items_.end(), name, NameLess);
  return at != items_.end() && at->name == name ? &at->value : nullptr;
}

int64_t Parameters::IntOr(std::string_view name, int64_t otherwise) const {
  return ValueOr<int64_t>(Find(name), otherwise);
}

bool Parameters::BoolOr(std::string_view name, bool otherwise) const {
  return ValueOr<bool>(Find(name), otherwise);
}

std::string Parameters::StringOr(std::string_view name, std::string_view otherwise) const {
  return ValueOr<std::string>(Find(name), std::string(otherwise));
}

std::string Parameters::ToText() const { return items_.empty() ? "default" : Listed(*this); }

std::string ToText(const Value& value) {
  struct Printer {
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(double v) const {
      std::array<char, 32> digits;  // The shortest form of any double fits in 24.
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v);
      return std::string(digits.data(), end.ptr);
    }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const ValueList& v) const {
      std::string text;
      for (const Value& item : v.items) text += (text.empty() ? "" : ",") + ToText(item);
      return '[' + text + ']';
    }
    std::string operator()(const Parameters& v) const { return '{' + Listed(v) + '}'; }
  };
  return std::visit(Printer(), value);
}

}  // namespace tactic
