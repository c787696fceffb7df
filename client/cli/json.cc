#include "client/cli/json.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "proto/convert/convert.h"
#include "tactic/model/key.h"

namespace tactic::cli {
namespace {

Json ToJson(const Value& value);

Json ParametersJson(const Parameters& parameters) {
  Json json = Json::object();
  for (const Parameter& parameter : parameters.items()) {
    json[parameter.name] = ToJson(parameter.value);
  }
  return json;
}

Json ToJson(const Value& value) {
  struct Writer {
    Json operator()(const ValueList& list) const {
      Json json = Json::array();
      for (const Value& item : list.items) json.push_back(ToJson(item));
      return json;
    }
    Json operator()(const Parameters& nested) const { return ParametersJson(nested); }
    Json operator()(int64_t v) const { return v; }
    Json operator()(bool v) const { return v; }
    Json operator()(double v) const { return v; }
    Json operator()(const std::string& v) const { return v; }
  };
  return std::visit(Writer(), value);
}

Json ToJson(const Candidate& candidate) {
  return {{"runner", candidate.runner.name},
          {"runner_id", candidate.runner.unique_id},
          {"tactic", ParametersJson(candidate.tactic)}};
}

Json ToJson(const Ranked& ranked) {
  Json json = ToJson(ranked.candidate);
  json["median_ns"] = ranked.median_ns;
  json["low_ns"] = ranked.low_ns;
  json["high_ns"] = ranked.high_ns;
  return json;
}

Json ToJson(const MeasurementPolicy& policy) {
  return {{"cache", Name(policy.cache)},
          {"launch", Name(policy.launch)},
          {"validation", Name(policy.validation)},
          {"budget_ms", policy.budget_ms}};
}

Json ToJson(const DeviceClass& device) {
  return {{"kind", Name(device.kind)},
          {"arch", device.arch},
          {"units", device.units},
          {"cache_bytes", device.cache_bytes},
          {"partition", device.partition},
          {"label", device.label},
          {"memory_bytes", device.memory_bytes}};
}

Json ToJson(const Schemas& schemas, const v1::Problem& problem) {
  const auto converted = convert::FromProto("problem.", problem);
  return converted.ok() ? cli::ToJson(schemas, *converted) : Json{{"op", problem.op()}};
}

Json ToJson(const v1::Verification& found) {
  return {{"decision_id", found.decision_id()}, {"drift", found.drift()},
          {"regret", found.regret()},           {"regret_error", found.regret_error()},
          {"superseded", found.superseded()},   {"pick_failed", found.pick_failed()}};
}

Json ToJson(const Schemas& schemas, const v1::Contest& contest) {
  Json json = {{"problem", ToJson(schemas, contest.problem())},
               {"state", StateName(contest.state())},
               {"decision_id", contest.decision_id()},
               {"already_decided", contest.already_decided()},
               {"message", contest.message()},
               {"fingerprint", contest.fingerprint()}};
  if (contest.has_verification()) json["verification"] = ToJson(contest.verification());
  return json;
}

Json ToJson(const v1::Progress& progress) {
  Json json = {{"lane", progress.lane()},
               {"contest", progress.contest()},
               {"phase", progress.phase()},
               {"candidates", progress.candidates()},
               {"screened", progress.screened()},
               {"remaining", progress.remaining()},
               {"failed", progress.failed()},
               {"best", nullptr},
               {"best_ns", progress.best_ns()},
               {"default_ns", progress.default_ns()},
               {"elapsed_seconds", progress.elapsed_seconds()},
               {"seconds_left", progress.contest_seconds_left()},
               {"worker_restarts", progress.worker_restarts()}};
  if (progress.has_best()) {
    const auto best = convert::FromProto("best.", progress.best());
    if (best.ok()) json["best"] = ToJson(*best);
  }
  return json;
}

Json ToJson(const OpSchema& schema) {
  Json inputs = Json::array();
  for (const InputSchema& input : schema.inputs) {
    Json dtypes = Json::array();
    for (const DType dtype : input.dtypes) dtypes.push_back(Name(dtype));
    Json layouts = Json::array();
    for (const Layout layout : input.layouts) layouts.push_back(Name(layout));
    inputs.push_back({{"name", input.name},
                      {"dims", input.dims},
                      {"dtypes", dtypes},
                      {"layouts", layouts},
                      {"weight", input.weight},
                      {"own_dtype", input.own_dtype}});
  }
  Parameters defaults;
  for (const AttributeSchema& attribute : schema.attributes) {
    defaults.Set(attribute.name, attribute.default_value);
  }
  return {{"op", schema.op},
          {"dims", DimNames(schema)},
          {"inputs", inputs},
          {"attributes", ToJson(defaults)}};
}

Json ToJson(const v1::OpInfo& op) {
  const auto schema = convert::FromProto("schema.", op.schema());
  Json json = schema.ok() ? ToJson(*schema) : Json{{"op", op.schema().op()}};
  json["runners"] = Json::array();
  for (const v1::RunnerId& runner : op.runners()) {
    json["runners"].push_back({{"name", runner.name()}, {"id", runner.unique_id()}});
  }
  json["components"] = Json::object();
  for (const v1::Component& component : op.components()) {
    json["components"][component.name()] = component.version();
  }
  return json;
}

Json ToJson(const v1::SelfCheck& check) {
  return {{"empty_graph_ns", check.empty_graph_ns()},
          {"empty_call_ns", check.empty_call_ns()},
          {"repeat_error", check.repeat_error()},
          {"warm_ns", check.warm_ns()},
          {"cold_ns", check.cold_ns()},
          {"cold", check.cold()}};
}

Json ToJson(const v1::Lane& lane) {
  Json ops = Json::array();
  for (const v1::OpInfo& op : lane.ops()) ops.push_back(ToJson(op));
  const auto device = convert::FromProto("device.", lane.device());
  return {{"name", lane.name()},
          {"state", StateName(lane.state())},
          {"message", lane.message()},
          {"device", device.ok() ? ToJson(*device) : Json(nullptr)},
          {"driver", lane.driver()},
          {"runtime", lane.runtime()},
          {"worker_restarts", lane.worker_restarts()},
          {"self_check", lane.has_self_check() ? ToJson(lane.self_check()) : Json(nullptr)},
          {"disturbances",
           std::vector<std::string>(lane.disturbances().begin(), lane.disturbances().end())},
          {"leased_to", lane.leased_to()},
          {"contests", lane.contests()},
          {"ops", ops}};
}

}  // namespace

Json ToJson(const Parameters& parameters) { return ParametersJson(parameters); }

Json ToJson(const Environment& environment) {
  Json components = Json::object();
  for (const Component& component : environment.components) {
    components[component.name] = component.version;
  }
  return {{"device", ToJson(environment.device)},
          {"driver", environment.driver},
          {"runtime", environment.runtime},
          {"components", components}};
}

Json ToJson(const Schemas& schemas, const Problem& problem) {
  Json inputs = Json::array();
  for (const Tensor& tensor : problem.inputs) {
    Json shape = Json::array();
    for (const Dim& dim : tensor.dims) shape.push_back(dim.opt);
    inputs.push_back(
        {{"dtype", Name(tensor.dtype)}, {"layout", Name(tensor.layout)}, {"shape", shape}});
  }
  Json json = {{"op", problem.op}, {"sizes", Json::object()}};
  const OpSchema* schema = schemas.Find(problem.op);
  if (schema != nullptr && CheckAgainst(*schema, problem).ok()) {
    const std::map<std::string, int64_t> sizes = SizesByName(*schema, problem);
    for (const std::string& dim : DimNames(*schema)) {
      if (const auto size = sizes.find(dim); size != sizes.end()) json["sizes"][dim] = size->second;
    }
  }
  json["inputs"] = inputs;
  json["attributes"] = ToJson(problem.attributes);
  return json;
}

Json ToJson(const Schemas& schemas, const Decision& decision) {
  Json json = {{"id", decision.id},
               {"revision", decision.revision},
               {"fingerprint", ToHex(FingerprintOf(decision.key))},
               {"problem", ToJson(schemas, decision.key.problem)},
               {"policy", ToJson(decision.key.policy)},
               {"environment", ToJson(decision.key.environment)},
               {"pick", nullptr},
               {"default_ns", decision.default_ns},
               {"speedup", nullptr},
               {"reason", Name(decision.reason)},
               {"tied", decision.tied},
               {"created_unix_ms", decision.created_unix_ms},
               {"ranking", Json::array()}};
  for (const Ranked& ranked : decision.ranking) json["ranking"].push_back(ToJson(ranked));
  if (decision.ranking.empty()) return json;
  const Ranked& pick = decision.ranking.front();
  json["pick"] = ToJson(pick);
  if (decision.default_ns > 0 && pick.median_ns > 0) {
    json["speedup"] = decision.default_ns / pick.median_ns;
  }
  return json;
}

Json ToJson(const Schemas& schemas, const v1::Job& job) {
  Json json = {{"id", job.id()},
               {"state", StateName(job.state())},
               {"message", job.message()},
               {"client", job.client()},
               {"created_unix_ms", job.created_unix_ms()},
               {"contests_total", job.contests_total()},
               {"contests_ended", job.contests_ended()},
               {"contests_measured", job.contests_measured()},
               {"contests_failed", job.contests_failed()},
               {"seconds_left", job.seconds_left()},
               {"running", Json::array()},
               {"contests", Json::array()}};
  for (const v1::Progress& running : job.running()) json["running"].push_back(ToJson(running));
  for (const v1::Contest& contest : job.contests()) {
    json["contests"].push_back(ToJson(schemas, contest));
  }
  return json;
}

Json ToJson(const Schemas& schemas, const v1::Miss& miss) {
  Json shapes = Json::array();
  for (const v1::Shape& shape : miss.shapes()) {
    shapes.push_back(std::vector<int64_t>(shape.dims().begin(), shape.dims().end()));
  }
  const auto policy = convert::FromProto("policy.", miss.policy());
  return {{"problem", ToJson(schemas, miss.problem())},
          {"policy", policy.ok() ? ToJson(*policy) : Json(nullptr)},
          {"shapes", shapes},
          {"count", miss.count()},
          {"first_unix_ms", miss.first_unix_ms()},
          {"last_unix_ms", miss.last_unix_ms()},
          {"decision_id", miss.decision_id()},
          {"fingerprint", miss.fingerprint()}};
}

Json ToJson(const Trial& trial) {
  Json json = ToJson(trial.candidate);
  json["outcome"] = Name(trial.outcome);
  json["detail"] = trial.detail;
  json["median_ns"] = trial.median_ns;
  json["samples"] = Json::array();
  for (const Sample& sample : trial.samples) {
    json["samples"].push_back(
        {{"epoch", sample.epoch}, {"round", sample.round}, {"ns", sample.nanoseconds}});
  }
  return json;
}

Json ToJson(const v1::GetServerInfoResponse& info) {
  Json lanes = Json::array();
  for (const v1::Lane& lane : info.lanes()) lanes.push_back(ToJson(lane));
  return {{"version", info.version()},
          {"store", info.store()},
          {"store_id", info.store_id()},
          {"revision", info.revision()},
          {"decisions", info.decisions()},
          {"uptime_seconds", info.uptime_seconds()},
          {"lanes", lanes}};
}

std::string OneLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Pretty(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tactic::cli
