// Values of C as values of the vocabulary, and tactics the other way.
#include <utility>
#include <variant>

#include "client/c/error.h"
#include "client/c/handles.h"

namespace tactic::c {
namespace {

std::string Item(const char* field, size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
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

struct Reader {
  tactic_parameter& to;
  void operator()(int64_t v) const {
    to.kind = TACTIC_INT;
    to.int_value = v;
  }
  void operator()(bool v) const {
    to.kind = TACTIC_BOOL;
    to.bool_value = v ? 1 : 0;
  }
  void operator()(double v) const {
    to.kind = TACTIC_DOUBLE;
    to.double_value = v;
  }
  void operator()(const std::string& v) const {
    to.kind = TACTIC_STRING;
    to.string_value = v.c_str();
  }
  void operator()(const ValueList& v) const {
    to.kind = TACTIC_LIST;
    to.list_value = ToC(&v);
  }
  void operator()(const Parameters& v) const {
    to.kind = TACTIC_PARAMETERS;
    to.parameters_value = ToC(&v);
  }
};

void Read(const char* name, const Value& from, tactic_parameter* to) {
  *to = {};
  to->name = name;
  std::visit(Reader{*to}, from);
}

Error NoSuchIndex(const char* what, size_t index, size_t size) {
  return InvalidArgument("index is " + std::to_string(index) + "; the " + what + " has " +
                         std::to_string(size));
}

}  // namespace

Check CheckPointer(const char* field, const void* pointer) {
  if (pointer != nullptr) return Ok();
  return InvalidArgument(std::string(field) + " is NULL");
}

Result<std::string> ToText(const char* field, const char* text) {
  if (const Check there = CheckPointer(field, text); !there.ok()) return there.error();
  return std::string(text);
}

Result<Parameters> ToParameters(const char* field, const tactic_parameter* items, size_t count) {
  if (count > 0 && items == nullptr) return InvalidArgument(std::string(field) + " is NULL");
  if (count > limits::kParameters) {
    return InvalidArgument(std::string(field) + ": " + std::to_string(count) +
                           " of them; at most " + std::to_string(limits::kParameters));
  }
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
  if (count > limits::kInputs) {
    return InvalidArgument("shapes: " + std::to_string(count) + " of them; at most " +
                           std::to_string(limits::kInputs));
  }
  if (count > 0 && shapes == nullptr) return InvalidArgument("shapes is NULL");
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

using tactic::Check;
using tactic::c::CheckPointer;
using tactic::c::FromC;
using tactic::c::Guard;

size_t tactic_tactic_size(const tactic_tactic* tactic) {
  return tactic == nullptr ? 0 : FromC(tactic)->size();
}

tactic_status tactic_tactic_at(const tactic_tactic* tactic, size_t index,
                               tactic_parameter* parameter) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("parameter", parameter); !there.ok()) return there;
    const size_t size = tactic_tactic_size(tactic);
    if (index >= size) return tactic::c::NoSuchIndex("tactic", index, size);
    const tactic::Parameter& item = FromC(tactic)->items()[index];
    tactic::c::Read(item.name.c_str(), item.value, parameter);
    return tactic::Ok();
  });
}

size_t tactic_list_size(const tactic_list* list) {
  return list == nullptr ? 0 : FromC(list)->items.size();
}

tactic_status tactic_list_at(const tactic_list* list, size_t index, tactic_parameter* item) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("item", item); !there.ok()) return there;
    const size_t size = tactic_list_size(list);
    if (index >= size) return tactic::c::NoSuchIndex("list", index, size);
    tactic::c::Read(nullptr, FromC(list)->items[index], item);
    return tactic::Ok();
  });
}

tactic_status tactic_tactic_find(const tactic_tactic* tactic, const char* name,
                                 tactic_parameter* parameter) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("parameter", parameter); !there.ok()) return there;
    if (Check there = CheckPointer("name", name); !there.ok()) return there;
    for (size_t i = 0; i < tactic_tactic_size(tactic); ++i) {
      const tactic::Parameter& item = FromC(tactic)->items()[i];
      if (item.name != name) continue;
      tactic::c::Read(item.name.c_str(), item.value, parameter);
      return tactic::Ok();
    }
    return tactic::Error{tactic::ErrorCode::kNotFound,
                         "the tactic has no parameter '" + std::string(name) + "'"};
  });
}

size_t tactic_tactic_text(const tactic_tactic* tactic, char* text, size_t size) {
  size_t length = 0;
  const tactic_status status = Guard([&]() -> Check {
    const std::string whole = tactic == nullptr ? "default" : FromC(tactic)->ToText();
    length = whole.size();
    if (text == nullptr || size == 0) return tactic::Ok();
    const size_t copied = std::min(length, size - 1);
    std::memcpy(text, whole.data(), copied);
    text[copied] = '\0';
    return tactic::Ok();
  });
  return status == TACTIC_OK ? length : 0;
}
