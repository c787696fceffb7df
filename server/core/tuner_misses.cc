// Misses that programs reported, for tuner.h.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/core/tuner.h"

namespace tactic {

absl::StatusOr<MissesTaken> Tuner::ReportMisses(std::vector<ReportedMiss> misses,
                                                const MeasurementPolicy& policy) {
  const std::shared_ptr<const LaneViews> lanes = Lanes();
  const int64_t now_ms = clock_.UnixMillis();
  MissesTaken taken;
  std::vector<MissedCall> calls;
  for (size_t i = 0; i < misses.size(); ++i) {
    const std::string field = absl::StrCat("misses[", i, "].problem");
    absl::StatusOr<Key> key =
        KeyFor(*lanes, field, std::move(misses[i].problem), policy, {}, std::nullopt);
    if (absl::IsUnavailable(key.status())) return key.status();
    if (!key.ok()) {
      ++taken.ignored;
      if (taken.why_ignored.empty()) taken.why_ignored = std::string(key.status().message());
      continue;
    }
    calls.push_back(
        {*std::move(key), std::move(misses[i].shapes), misses[i].count, now_ms, now_ms});
  }
  taken.taken = calls.size();
  if (!calls.empty()) RETURN_IF_ERROR(store_.AddMisses(calls));
  return taken;
}

absl::StatusOr<std::vector<MissView>> Tuner::ListMisses(const std::vector<std::string>& ops,
                                                        size_t limit) const {
  ASSIGN_OR_RETURN(std::vector<MissedCall> calls, store_.LoadMisses());
  std::vector<MissView> views;
  for (MissedCall& call : calls) {
    if (views.size() == limit) break;
    const std::string& op = call.key.problem.op;
    if (!ops.empty() && std::find(ops.begin(), ops.end(), op) == ops.end()) continue;
    DecisionPtr decision = catalog_.Answer(FingerprintOf(call.key));
    views.push_back({std::move(call), std::move(decision)});
  }
  return views;
}

}  // namespace tactic
