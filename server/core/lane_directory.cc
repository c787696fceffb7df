#include "server/core/lane_directory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/core/status.h"

namespace tactic {
namespace {

// The lane whose op it is: a working one if there is one, else any.
const LaneView* LaneOf(const LaneViews& lanes, const std::string& op) {
  const LaneView* found = nullptr;
  for (const LaneView& lane : lanes) {
    if (lane.info.FindOp(op) == nullptr) continue;
    if (lane.info.state != LaneState::kQuarantined) return &lane;
    if (found == nullptr) found = &lane;
  }
  return found;
}

std::string StateOf(const LaneView& lane) {
  const bool broken = lane.info.state == LaneState::kQuarantined;
  std::string text =
      absl::StrCat("lane ", lane.info.name, broken ? " is quarantined" : " is still starting");
  if (!lane.info.message.empty()) absl::StrAppend(&text, ": ", lane.info.message);
  return text;
}

absl::Status NoLane(const LaneViews& lanes) {
  if (lanes.empty()) return absl::UnavailableError("this daemon has no lane to measure on");
  std::vector<std::string> states;
  for (const LaneView& lane : lanes) {
    if (!lane.Reported()) states.push_back(StateOf(lane));
  }
  return absl::UnavailableError(
      absl::StrCat(absl::StrJoin(states, "; "), "; retry, or see the daemon's log"));
}

// Unavailable while a lane that might know the op has not reported.
absl::Status UnknownOp(const LaneViews& lanes, std::string_view field, const std::string& op) {
  std::set<std::string> known;
  for (const LaneView& lane : lanes) {
    if (!lane.Reported()) return NoLane(lanes);
    for (const OpInfo& info : lane.info.ops) known.insert(info.schema.op);
  }
  if (known.empty()) return NoLane(lanes);
  return absl::NotFoundError(absl::StrCat(
      std::string(field), ".op: '", op, "' is unknown here; known: ", absl::StrJoin(known, ", ")));
}

absl::Status CheckRunners(const OpInfo& op, const std::vector<std::string>& runners) {
  std::set<std::string> known;
  for (const RunnerId& runner : op.runners) known.insert(runner.name);
  for (size_t i = 0; i < runners.size(); ++i) {
    if (known.contains(runners[i])) continue;
    return absl::NotFoundError(absl::StrCat("runners[", i, "]: '", runners[i],
                                            "' is no runner of op '", op.schema.op,
                                            "'; known: ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace

LaneView::LaneView(LaneInfo lane) : info(std::move(lane)) {
  for (const OpInfo& op : info.ops) {
    environments.emplace(op.schema.op, FingerprintOf(EnvironmentOf(info, op)));
  }
}

bool LaneView::Measures(const std::string& op, const Fingerprint& environment) const {
  const auto found = environments.find(op);
  return found != environments.end() && found->second == environment;
}

LaneDirectory::LaneDirectory(std::vector<Lane*> lanes) : lanes_(std::move(lanes)) { Refresh(); }

std::shared_ptr<const LaneViews> LaneDirectory::Views() const {
  MutexLock lock(mu_);
  return views_;
}

void LaneDirectory::Refresh() {
  auto views = std::make_shared<LaneViews>();
  for (const Lane* lane : lanes_) views->emplace_back(lane->Info());
  MutexLock lock(mu_);
  views_ = std::move(views);
}

absl::StatusOr<Key> KeyFor(const LaneViews& lanes, std::string_view field, Problem problem,
                           const MeasurementPolicy& policy, const std::vector<std::string>& runners,
                           const std::optional<Environment>& environment) {
  const LaneView* lane = LaneOf(lanes, problem.op);
  if (lane == nullptr) {
    const absl::Status unknown = UnknownOp(lanes, field, problem.op);
    // With no lane to tell the op's defaults, a complete problem can still be looked up.
    if (!environment || absl::IsNotFound(unknown)) return unknown;
    return Key{std::move(problem), Resolve(policy, environment->device.kind), *environment};
  }
  const OpInfo& op = *lane->info.FindOp(problem.op);
  if (const absl::Status known = CheckRunners(op, runners); !known.ok()) return known;
  if (const Check fits = CheckAgainst(op.schema, problem); !fits.ok()) {
    return WithContext(field, ToStatus(fits.error()));
  }
  FillDefaults(op.schema, problem);
  Environment where = environment ? *environment : EnvironmentOf(lane->info, op);
  const MeasurementPolicy resolved = Resolve(policy, where.device.kind);
  return Key{std::move(problem), resolved, std::move(where)};
}

absl::Status CheckMeasurable(const LaneViews& lanes, const Key& key) {
  const Fingerprint environment = FingerprintOf(key.environment);
  absl::Status why = NoLane(lanes);
  for (const LaneView& lane : lanes) {
    if (!lane.Measures(key.problem.op, environment)) continue;
    if (lane.info.state != LaneState::kQuarantined) return absl::OkStatus();
    why = absl::UnavailableError(absl::StrCat(StateOf(lane), "; retry later"));
  }
  return why;
}

absl::StatusOr<std::optional<size_t>> LaneOfDevice(const LaneViews& lanes,
                                                   const DeviceClass& device,
                                                   const std::string& name) {
  // Labels and memory sizes are no part of a class, nor of a fingerprint.
  const auto class_of = [](const DeviceClass& d) {
    return FingerprintOf(Environment{d, "", "", {}});
  };
  std::vector<std::string> known, fitting;
  std::optional<size_t> found;
  for (size_t i = 0; i < lanes.size(); ++i) {
    const LaneInfo& lane = lanes[i].info;
    known.push_back(lane.name);
    if (!lanes[i].Reported() || class_of(lane.device) != class_of(device)) continue;
    if (!name.empty() && name != lane.name) continue;
    fitting.push_back(lane.name);
    found = i;
  }
  if (fitting.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("lane: several are of this device class (",
                                                   absl::StrJoin(fitting, ", "),
                                                   "); name the one whose device is measured on"));
  }
  if (found || name.empty()) return found;
  return absl::InvalidArgumentError(
      absl::StrCat("lane: '", name, "' is no lane of the device in key.environment; known: ",
                   absl::StrJoin(known, ", "), "; leave it empty to measure on another device"));
}

std::optional<std::string> WhyUnmeasurable(const LaneViews& lanes, const std::string& op,
                                           const Fingerprint& environment) {
  bool op_known = false;
  for (const LaneView& lane : lanes) {
    if (!lane.Reported() || lane.Measures(op, environment)) return std::nullopt;
    op_known = op_known || lane.info.FindOp(op) != nullptr;
  }
  if (!op_known) return absl::StrCat("op '", op, "' is not known to any lane any more");
  return absl::StrCat("the environment of op '", op,
                      "' changed since this was asked for (device, driver, library or runner "
                      "version); ask again");
}

}  // namespace tactic
