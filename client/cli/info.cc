#include <cstdio>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

std::string InputText(const InputSchema& input) {
  std::string dims;
  for (const std::string& dim : input.dims) dims += (dims.empty() ? "" : ",") + dim;
  std::string dtypes;
  for (const DType dtype : input.dtypes) {
    dtypes += (dtypes.empty() ? "" : "|") + std::string(Name(dtype));
  }
  std::string layouts;
  for (const Layout layout : input.layouts) {
    layouts += (layouts.empty() ? "" : "|") + std::string(Name(layout));
  }
  return input.name + "[" + dims + "] " + dtypes + " " + layouts +
         (input.weight ? " (weight)" : "");
}

std::string OpText(const v1::OpInfo& op) {
  const auto schema = convert::FromProto("schema.", op.schema());
  if (!schema.ok()) return "  op " + Printable(op.schema().op()) + "\n";
  std::string text = "  op " + schema->op + "\n";
  for (const InputSchema& input : schema->inputs)
    text += "    input      " + InputText(input) + "\n";
  for (const AttributeSchema& attribute : schema->attributes) {
    text += "    attribute  " + attribute.name + " (" + ToText(attribute.default_value) + ")\n";
  }
  for (const v1::RunnerId& runner : op.runners()) {
    text +=
        "    runner     " + Printable(runner.name()) + "  " + Printable(runner.unique_id()) + "\n";
  }
  for (const v1::Component& component : op.components()) {
    if (component.name().starts_with("runner:")) continue;
    text += "    library    " + Printable(component.name()) + "  " +
            Printable(component.version()) + "\n";
  }
  return text;
}

std::string Percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f %%", 100 * fraction);
  return text;
}

std::string SelfCheckText(const v1::SelfCheck& check) {
  return "  an empty sample takes " + FormatNanoseconds(check.empty_graph_ns()) +
         ", each further launch " + FormatNanoseconds(check.empty_call_ns()) +
         "; two samples of one candidate differ by " + Percent(check.repeat_error()) +
         "\n  reading what is cached " + FormatNanoseconds(check.warm_ns()) + ", cold " +
         FormatNanoseconds(check.cold_ns()) +
         (check.cold() ? "" : ": NOT cold by itself, caches are swept") + "\n";
}

std::string LaneText(const v1::Lane& lane) {
  std::string text = "lane " + Printable(lane.name()) + ": " + StateName(lane.state());
  if (!lane.message().empty()) text += ": " + Printable(lane.message());
  if (!lane.leased_to().empty()) text += ", leased to " + Printable(lane.leased_to());
  text += "\n";
  const auto device = convert::FromProto("device.", lane.device());
  if (device.ok()) text += "  device " + Printable(DeviceText(*device)) + "\n";
  if (!lane.driver().empty()) {
    text +=
        "  driver " + Printable(lane.driver()) + ", runtime " + Printable(lane.runtime()) + "\n";
  }
  text += "  " + Plural(lane.contests(), "contest") + " measured, " +
          Plural(lane.worker_restarts(), "worker restart") + "\n";
  if (lane.has_self_check()) text += SelfCheckText(lane.self_check());
  for (const std::string& seen : lane.disturbances()) {
    text += "  in the last contest " + Printable(seen) + "\n";
  }
  for (const v1::OpInfo& op : lane.ops()) text += OpText(op);
  return text;
}

}  // namespace

Result<int> RunInfo(const Settings& settings) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = connection->Call(&v1::Tuning::Stub::GetServerInfo, v1::GetServerInfoRequest());
  if (!info.ok()) return info.error();
  std::string text;
  if (settings.json) {
    Json json = ToJson(*info);
    json["target"] = settings.target;
    text = Pretty(json);
  } else {
    text = "tacticd " + Printable(info->version()) + " at " + settings.target + ", up " +
           FormatSeconds(info->uptime_seconds()) + "\n";
    text += "store " + Printable(info->store()) + ": " + Plural(info->decisions(), "decision") +
            ", revision " + std::to_string(info->revision()) + " (id " +
            Printable(info->store_id()) + ")\n";
    for (const v1::Lane& lane : info->lanes()) text += LaneText(lane);
  }
  const Check written = Write(text);
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
