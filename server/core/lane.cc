#include "server/core/lane.h"

#include <algorithm>
#include <string_view>
#include <utility>

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

ContestSpec SpecFor(const Key& key, std::vector<std::string> runners, const Decision* answer) {
  const Fingerprint fingerprint = FingerprintOf(key);
  ContestSpec spec;
  spec.key = key;
  spec.runners = std::move(runners);
  spec.seed = fingerprint.high ^ fingerprint.low;  // The same race every time.
  if (answer == nullptr || answer->ranking.empty()) return spec;
  const Candidate& pick = answer->ranking.front().candidate;
  const bool races = spec.runners.empty() || std::find(spec.runners.begin(), spec.runners.end(),
                                                       pick.runner.name) != spec.runners.end();
  if (races) spec.incumbent = pick;
  return spec;
}

}  // namespace tactic
