#include "server/core/lane.h"

#include <algorithm>
#include <string_view>

namespace tactic {

const OpInfo* LaneInfo::FindOp(std::string_view op) const {
  const auto found = std::find_if(ops.begin(), ops.end(),
                                  [&](const OpInfo& info) { return info.schema.op == op; });
  return found == ops.end() ? nullptr : &*found;
}

Environment EnvironmentOf(const LaneInfo& lane, const OpInfo& op) {
  Environment environment{lane.device, lane.driver, lane.runtime, op.components};
  std::sort(environment.components.begin(), environment.components.end());
  return environment;
}

}  // namespace tactic
