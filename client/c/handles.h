// What the opaque handles of the C interface are; for the two parts of it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tactic/cache.h"
#include "tactic/tactic.h"

struct tactic_op {
  explicit tactic_op(tactic::OpHandle op) : handle(op) {}
  tactic::OpHandle handle;
};

struct tactic_cache {
  explicit tactic_cache(tactic::Cache& of_client) : cache(&of_client) {}
  tactic_cache() : own(std::make_unique<tactic::Cache>()), cache(own.get()) {}

  const std::unique_ptr<tactic::Cache> own;  // nullptr: a client's.
  tactic::Cache* const cache;

  std::mutex mu;
  std::deque<tactic_op> ops;  // Guarded by mu. Addresses stay.
  // Of tactic_pin, guarded by mu.
  std::map<std::string, tactic::Environment> pinned_environments;
  uint64_t pins = 0;
};

namespace tactic::c {

// A tactic is a set of parameters; C has no name for that type.
inline const tactic_tactic* ToC(const Parameters* tactic) {
  return reinterpret_cast<const tactic_tactic*>(tactic);
}
inline const tactic_list* ToC(const ValueList* list) {
  return reinterpret_cast<const tactic_list*>(list);
}
inline const ValueList* FromC(const tactic_list* list) {
  return reinterpret_cast<const ValueList*>(list);
}
inline const Parameters* FromC(const tactic_tactic* tactic) {
  return reinterpret_cast<const Parameters*>(tactic);
}

// "items[3]".
std::string Item(const char* field, size_t index);
// InvalidArgument names `field`: a pointer that is NULL though it may not be.
Check CheckPointer(const char* field, const void* pointer);
Result<std::string> ToText(const char* field, const char* text);
Result<Value> ToValue(const std::string& field, const tactic_parameter& from);
Result<Parameters> ToParameters(const char* field, const tactic_parameter* items, size_t count);
Result<Shapes> ToShapes(const tactic_shape* shapes, size_t count);
Result<OpSpec> ToOpSpec(const tactic_op_spec& spec);

}  // namespace tactic::c
