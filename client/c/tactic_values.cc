// Values of the vocabulary as C reads and makes them.
#include <utility>
#include <variant>

#include "client/c/error.h"
#include "client/c/handles.h"
#include "client/c/read.h"

namespace tactic::c {
namespace {

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

// A list alone is as deep and as large as a tactic that holds nothing else.
Result<ValueList> ToList(const tactic_parameter* items, size_t count) {
  const Check there = CheckArray("items", items, count, limits::kValues);
  if (!there.ok()) return there.error();
  ValueList list;
  for (size_t i = 0; i < count; ++i) {
    Result<Value> value = ToValue(Item("items", i), items[i]);
    if (!value.ok()) return value.error();
    list.items.push_back(*std::move(value));
  }
  const Parameters alone{{"items", list}};
  if (const Check check = CheckParameters("list", alone); !check.ok()) return check.error();
  return list;
}

}  // namespace
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
    length =
        tactic::c::CopyText(tactic == nullptr ? "default" : FromC(tactic)->ToText(), text, size);
    return tactic::Ok();
  });
  return status == TACTIC_OK ? length : 0;
}

tactic_status tactic_tactic_create(const tactic_parameter* parameters, size_t count,
                                   tactic_tactic** tactic) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("tactic", tactic); !there.ok()) return there;
    *tactic = nullptr;
    auto made = tactic::c::ToParameters("parameters", parameters, count);
    if (!made.ok()) return made.error();
    *tactic = reinterpret_cast<tactic_tactic*>(new tactic::Parameters(*std::move(made)));
    return tactic::Ok();
  });
}

void tactic_tactic_destroy(tactic_tactic* tactic) {
  delete reinterpret_cast<tactic::Parameters*>(tactic);
}

tactic_status tactic_list_create(const tactic_parameter* items, size_t count, tactic_list** list) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("list", list); !there.ok()) return there;
    *list = nullptr;
    auto made = tactic::c::ToList(items, count);
    if (!made.ok()) return made.error();
    *list = reinterpret_cast<tactic_list*>(new tactic::ValueList(*std::move(made)));
    return tactic::Ok();
  });
}

void tactic_list_destroy(tactic_list* list) { delete reinterpret_cast<tactic::ValueList*>(list); }
