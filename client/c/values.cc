// Values of C as values of the vocabulary.
#include <utility>

#include "client/c/error.h"
#include "client/c/handles.h"
#include "client/c/read.h"

namespace tactic::c {

std::string Item(const char* field, size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

Check CheckPointer(const char* field, const void* pointer) {
  if (pointer != nullptr) return Ok();
  return InvalidArgument(std::string(field) + " is NULL");
}

Result<std::string> ToText(const char* field, const char* text) {
  if (const Check there = CheckPointer(field, text); !there.ok()) return there.error();
  return std::string(text);
}

Result<Value> ToValue(const std::string& field, const tactic_parameter& from) {
  switch (from.kind) {
    case TACTIC_INT:
      return Value(from.int_value);
    case TACTIC_BOOL:
      return Value(from.bool_value != 0);
    case TACTIC_DOUBLE:
      return Value(from.double_value);
    case TACTIC_STRING: {
      Result<std::string> text = ToText((field + ".string_value").c_str(), from.string_value);
      if (!text.ok()) return text.error();
      return Value(*std::move(text));
    }
    case TACTIC_LIST: {
      const Check there = CheckPointer((field + ".list_value").c_str(), from.list_value);
      if (!there.ok()) return there.error();
      return Value(*FromC(from.list_value));
    }
    case TACTIC_PARAMETERS: {
      const Check there =
          CheckPointer((field + ".parameters_value").c_str(), from.parameters_value);
      if (!there.ok()) return there.error();
      return Value(*FromC(from.parameters_value));
    }
    default:
      return InvalidArgument(field + ".kind is " + std::to_string(from.kind) +
                             "; must be TACTIC_INT to TACTIC_PARAMETERS");
  }
}

Result<Parameters> ToParameters(const char* field, const tactic_parameter* items, size_t count) {
  const Check there = CheckArray(field, items, count, limits::kParameters);
  if (!there.ok()) return there.error();
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < count; ++i) {
    const std::string at = Item(field, i);
    Result<std::string> name = ToText((at + ".name").c_str(), items[i].name);
    if (!name.ok()) return name.error();
    Result<Value> value = ToValue(at, items[i]);
    if (!value.ok()) return value.error();
    parameters.push_back({*std::move(name), *std::move(value)});
  }
  Parameters sorted(std::move(parameters));
  if (sorted.size() != count) {
    return InvalidArgument(std::string(field) + ": a name is there twice; each name once");
  }
  if (const Check check = CheckParameters(field, sorted); !check.ok()) return check.error();
  return sorted;
}

Result<Shapes> ToShapes(const tactic_shape* shapes, size_t count) {
  const Check there = CheckArray("shapes", shapes, count, limits::kInputs);
  if (!there.ok()) return there.error();
  Shapes sizes;
  for (size_t i = 0; i < count; ++i) {
    const std::string at = Item("shapes", i);
    if (shapes[i].rank > limits::kRank) {
      return InvalidArgument(at + ".rank is " + std::to_string(shapes[i].rank) + "; must be 0 to " +
                             std::to_string(limits::kRank));
    }
    if (shapes[i].rank > 0 && shapes[i].dims == nullptr) {
      return InvalidArgument(at + ".dims is NULL");
    }
    sizes.emplace_back(shapes[i].dims, shapes[i].dims + shapes[i].rank);
  }
  return sizes;
}

}  // namespace tactic::c
