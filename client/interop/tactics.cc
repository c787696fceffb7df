#include "client/interop/tactics.h"

#include <optional>
#include <utility>

#include "tactic/model/problem.h"

namespace tactic::interop {
namespace {

constexpr char kTactic[] = "tactic";
constexpr char kLiteral[] = "literal";

std::optional<Value> ToValue(const PyValue& theirs);

// nullopt: a key is no string or is there twice, or a value is none of ours.
std::optional<Parameters> ToSet(const PyDict& dict) {
  std::vector<Parameter> items;
  for (const auto& [key, item] : dict.items) {
    const auto* name = std::get_if<std::string>(&key.value);
    std::optional<Value> value = ToValue(item);
    if (name == nullptr || !value) return std::nullopt;
    items.push_back({*name, *std::move(value)});
  }
  Parameters set(items);
  if (set.size() != items.size()) return std::nullopt;
  return set;
}

// nullopt: we have no such value, a tuple or None.
std::optional<Value> ToValue(const PyValue& theirs) {
  if (const auto* v = std::get_if<bool>(&theirs.value)) return Value(*v);
  if (const auto* v = std::get_if<int64_t>(&theirs.value)) return Value(*v);
  if (const auto* v = std::get_if<double>(&theirs.value)) return Value(*v);
  if (const auto* v = std::get_if<std::string>(&theirs.value)) return Value(*v);
  if (const auto* v = std::get_if<PyDict>(&theirs.value)) {
    if (std::optional<Parameters> set = ToSet(*v)) return Value(*std::move(set));
  }
  if (const auto* v = std::get_if<PyList>(&theirs.value)) {
    ValueList list;
    for (const PyValue& item : v->items) {
      std::optional<Value> value = ToValue(item);
      if (!value) return std::nullopt;
      list.items.push_back(*std::move(value));
    }
    return Value(std::move(list));
  }
  return std::nullopt;
}

PyValue FromSet(const Parameters& ours);

PyValue FromValue(const Value& ours) {
  struct Writer {
    PyValue operator()(const ValueList& v) const {
      PyList list;
      for (const Value& item : v.items) list.items.push_back(FromValue(item));
      return list;
    }
    PyValue operator()(const Parameters& v) const { return FromSet(v); }
    PyValue operator()(int64_t v) const { return v; }
    PyValue operator()(bool v) const { return v; }
    PyValue operator()(double v) const { return v; }
    PyValue operator()(const std::string& v) const { return v; }
  };
  return std::visit(Writer(), ours);
}

PyValue FromSet(const Parameters& ours) {
  PyDict dict;
  for (const Parameter& parameter : ours.items()) {
    dict.items.emplace_back(PyValue(parameter.name), FromValue(parameter.value));
  }
  return dict;
}

// The tactic in the form that fits best, which may be beyond the limits.
std::optional<Tactic> ToNamed(const PyValue& theirs) {
  if (const auto* dict = std::get_if<PyDict>(&theirs.value)) {
    std::optional<Tactic> set = ToSet(*dict);
    if (!set || set->empty()) return std::nullopt;
    const bool other_form =
        set->size() == 1 && (set->Find(kTactic) != nullptr || set->Find(kLiteral) != nullptr);
    return other_form ? std::nullopt : set;
  }
  std::optional<Value> value = ToValue(theirs);
  if (!value) return std::nullopt;
  return Tactic{{kTactic, *std::move(value)}};
}

}  // namespace

Result<Tactic> ToTactic(const PyValue& theirs) {
  if (theirs == PyValue(int64_t{-1})) return Tactic();
  std::optional<Tactic> named = ToNamed(theirs);
  if (named && CheckParameters("tactic", *named).ok()) return *std::move(named);
  Tactic tactic{{kLiteral, ToPythonLiteral(theirs)}};
  if (const Check check = CheckParameters("tactic", tactic); !check.ok()) return check.error();
  return tactic;
}

PyValue FromTactic(const Tactic& ours) {
  if (ours.empty()) return int64_t{-1};
  if (ours.size() == 1) {
    const Parameter& only = ours.items().front();
    if (only.name == kTactic) return FromValue(only.value);
    if (const auto* text = std::get_if<std::string>(&only.value); text && only.name == kLiteral) {
      if (Result<PyValue> value = ParsePythonLiteral(*text); value.ok()) return *std::move(value);
    }
  }
  return FromSet(ours);
}

}  // namespace tactic::interop
