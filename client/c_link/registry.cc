// The registry of the C interface.
#include <utility>

#include "client/c/error.h"
#include "client/c_link/handles.h"
#include "client/c_link/own_op.h"
#include "client/c_link/own_runner.h"

using tactic::Check;
using tactic::Error;
using tactic::ErrorCode;
using tactic::InvalidArgument;
using tactic::Ok;
using tactic::c::CheckPointer;
using tactic::c::Guard;

tactic_status tactic_registry_create(tactic_registry** registry) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("registry", registry); !there.ok()) return there;
    *registry = nullptr;
    *registry = new tactic_registry();
    return Ok();
  });
}

void tactic_registry_destroy(tactic_registry* registry) { delete registry; }

tactic_status tactic_registry_add_op(tactic_registry* registry, const tactic_own_op* op) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("registry", registry); !there.ok()) return there;
    auto made = tactic::c::MakeOwnOp(op);
    if (!made.ok()) return made.error();
    const std::string name = (*made)->Schema().op;
    if (registry->registry.Find(name) != nullptr) {
      return InvalidArgument("op.name is '" + name + "', which is there already");
    }
    registry->registry.Add(*std::move(made));
    return Ok();
  });
}

tactic_status tactic_registry_add_runner(tactic_registry* registry, const char* op,
                                         const tactic_own_runner* runner) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("registry", registry); !there.ok()) return there;
    auto name = tactic::c::ToText("op", op);
    if (!name.ok()) return name.error();
    auto made = tactic::c::MakeOwnRunner(runner);
    if (!made.ok()) return made.error();
    if (registry->registry.Find(*name) == nullptr) {
      return Error{ErrorCode::kNotFound, "op is '" + *name + "', which the registry does not have"};
    }
    const tactic::RunnerId id = (*made)->Id();
    if (registry->registry.FindRunner(*name, id.name) != nullptr) {
      return InvalidArgument("runner.id.name is '" + id.name + "', which op " + *name +
                             " has already");
    }
    registry->registry.Add(*name, *std::move(made));
    return Ok();
  });
}
