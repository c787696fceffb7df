#include "client/cli/describe.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "client/cli/format.h"
#include "proto/convert/convert.h"
#include "tactic/model/key.h"

namespace tactic::cli {
namespace {

// "JOB_STATE_DONE" -> "done".
std::string Lower(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.empty() ? "unknown" : name;
}

}  // namespace

Schemas::Schemas(const v1::GetServerInfoResponse& info) {
  for (const v1::Lane& lane : info.lanes()) {
    if (lane.state() == v1::LANE_STATE_QUARANTINED || lane.state() == v1::LANE_STATE_STARTING) {
      trouble_ += "\n  lane " + Printable(lane.name()) + " is " + StateName(lane.state()) +
                  (lane.message().empty() ? "" : ": " + Printable(lane.message()));
    }
    for (const v1::OpInfo& op : lane.ops()) {
      auto schema = convert::FromProto("schema.", op.schema());
      if (!schema.ok()) continue;  // A newer daemon's op, which this program cannot name.
      std::string name = schema->op;
      by_op_.emplace(std::move(name), std::move(schema).value());
    }
  }
}

const OpSchema* Schemas::Find(const std::string& op) const {
  const auto found = by_op_.find(op);
  return found == by_op_.end() ? nullptr : &found->second;
}

Result<OpSchema> Schemas::Get(const std::string& op) const {
  if (const OpSchema* schema = Find(op)) return *schema;
  if (by_op_.empty()) {
    return Error{ErrorCode::kFailedPrecondition,
                 "no lane of the daemon can measure anything" + trouble_};
  }
  std::string known;
  for (const auto& [name, schema] : by_op_) known += (known.empty() ? "" : ", ") + name;
  return InvalidArgument("unknown op '" + op + "'; the daemon knows: " + known);
}

std::string Schemas::SizesText(const Problem& problem) const {
  const OpSchema* schema = Find(problem.op);
  if (schema == nullptr || !CheckAgainst(*schema, problem).ok()) {
    const std::string text = ToText(problem);
    return text.substr(std::min(text.size(), problem.op.size() + 1));
  }
  const auto sizes = SizesByName(*schema, problem);
  std::string text;
  for (const std::string& dim : DimNames(*schema)) {
    const auto size = sizes.find(dim);
    if (size != sizes.end()) text += dim + "=" + std::to_string(size->second) + " ";
  }
  if (!problem.inputs.empty()) text += Name(problem.inputs[0].dtype);
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    const InputSchema& input = schema->inputs[i];
    if (problem.inputs[i].layout == input.layouts.front()) continue;
    text += " " + input.name + ":" + std::string(Name(problem.inputs[i].layout));
  }
  for (const AttributeSchema& attribute : schema->attributes) {
    const Value* value = problem.attributes.Find(attribute.name);
    if (value == nullptr || *value == attribute.default_value) continue;
    text += " " + attribute.name + "=" + ToText(*value);
  }
  return text;
}

std::string Schemas::SizesText(const v1::Problem& problem) const {
  const auto converted = convert::FromProto("problem.", problem);
  return converted.ok() ? SizesText(*converted) : problem.op();
}

std::string Schemas::ProblemText(const Problem& problem) const {
  return problem.op + " " + SizesText(problem);
}

std::string Schemas::ProblemText(const v1::Problem& problem) const {
  return problem.op() + " " + SizesText(problem);
}

std::string StateName(v1::JobState state) { return Lower(v1::JobState_Name(state), "JOB_STATE_"); }
std::string StateName(v1::ContestState state) {
  return Lower(v1::ContestState_Name(state), "CONTEST_STATE_");
}
std::string StateName(v1::LaneState state) {
  return Lower(v1::LaneState_Name(state), "LANE_STATE_");
}

bool IsEnded(v1::JobState state) {
  return state != v1::JOB_STATE_QUEUED && state != v1::JOB_STATE_RUNNING;
}

bool IsEnded(v1::ContestState state) {
  return state != v1::CONTEST_STATE_QUEUED && state != v1::CONTEST_STATE_RUNNING;
}

std::string HowItEnded(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_DONE) return "";
  return job.id() + " was " + StateName(job.state()) +
         (job.message().empty() ? "" : ": " + Printable(job.message())) + "\n";
}

bool AllDecided(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_DONE && job.contests_failed() == 0 &&
         std::all_of(job.contests().begin(), job.contests().end(),
                     [](const v1::Contest& c) { return c.state() == v1::CONTEST_STATE_DECIDED; });
}

std::string PolicyText(const MeasurementPolicy& policy) {
  std::string text = std::string(Name(policy.cache)) + ", " + std::string(Name(policy.launch)) +
                     ", " + std::string(Name(policy.validation));
  if (policy.budget_ms > 0) text += ", budget " + FormatNanoseconds(policy.budget_ms * 1e6);
  return text;
}

std::string DeviceText(const DeviceClass& device) {
  const std::string units = device.kind == DeviceKind::kHost ? "core" : "SM";
  std::string text = device.label.empty() ? device.arch : device.label;
  text += " (" + std::string(Name(device.kind)) + ", " + Plural(device.units, units) + ", " +
          FormatBytes(device.cache_bytes) +
          (device.kind == DeviceKind::kHost ? " last-level cache" : " L2");
  if (!device.partition.empty()) text += ", " + device.partition;
  return text + ")";
}

}  // namespace tactic::cli
