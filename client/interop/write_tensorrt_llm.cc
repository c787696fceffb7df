#include <algorithm>
#include <charconv>
#include <utility>

#include "client/interop/decisions.h"
#include "client/interop/json_text.h"
#include "client/interop/row_key.h"
#include "client/interop/tactics.h"

namespace tactic::interop {
namespace {

std::string Mapped(const std::map<std::string, std::string>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

// "sm_90" is (9, 0), "sm_120" (12, 0); what is no CUDA device (0, 0).
Json CapabilityOf(const std::string& arch) {
  int number = 0;
  if (arch.starts_with("sm_")) {
    std::from_chars(arch.data() + 3, arch.data() + arch.size(), number);
  }
  return {number / 10, number % 10};
}

std::string LibraryVersionOf(const Environment& environment) {
  for (const Component& component : environment.components) {
    if (component.name == "tensorrt_llm") return component.version;
  }
  return "tacticd";
}

std::string KeyText(const Decision& decision, const RunnerId& runner,
                    const ExportMapping& mapping) {
  std::vector<std::vector<int64_t>> shapes;
  for (const Tensor& tensor : decision.key.problem.inputs) {
    std::vector<int64_t>& shape = shapes.emplace_back();
    for (const Dim& dim : tensor.dims) shape.push_back(dim.KeySize());
  }
  const PyTuple key{{PyValue{Mapped(mapping.ops, decision.key.problem.op)},
                     PyValue{Mapped(mapping.runners, runner.name)}, PyValue{runner.unique_id},
                     FromShapes(shapes)}};
  return ToPythonLiteral(PyValue{key});
}

// Python's JSON has a word for what is not known.
std::string MinTimeText(double nanoseconds) {
  return nanoseconds > 0 ? Json(nanoseconds / 1e6).dump() : "Infinity";
}

Check CheckOneDevice(const std::vector<const Decision*>& decisions) {
  for (const Decision* decision : decisions) {
    const DeviceClass& first = decisions.front()->key.environment.device;
    const DeviceClass& device = decision->key.environment.device;
    if (device.arch == first.arch && device.units == first.units &&
        device.partition == first.partition) {
      continue;
    }
    return InvalidArgument("the decisions are of several devices (" + first.arch + " " +
                           first.label + ", " + device.arch + " " + device.label +
                           "); a cache of TensorRT-LLM has room for one");
  }
  return Ok();
}

Json MetadataOf(const std::vector<const Decision*>& decisions) {
  int64_t newest = 0;
  for (const Decision* decision : decisions) newest = std::max(newest, decision->created_unix_ms);
  const Environment none;
  const Environment& environment = decisions.empty() ? none : decisions[0]->key.environment;
  return {{"lib_version", LibraryVersionOf(environment)},
          {"creation_timestamp", static_cast<double>(newest) / 1000},
          {"device_name", environment.device.label},
          {"device_capability", CapabilityOf(environment.device.arch)}};
}

}  // namespace

Result<std::string> WriteTensorRtLlm(const std::vector<Decision>& decisions,
                                     const ExportMapping& mapping) {
  std::vector<const Decision*> wanted;
  for (const Decision& decision : decisions) {
    if (mapping.ops.empty() || mapping.ops.contains(decision.key.problem.op)) {
      wanted.push_back(&decision);
    }
  }
  if (const Check one = CheckOneDevice(wanted); !one.ok()) return one.error();
  // The ancestor's keys say less than ours (no policy, no attributes): of several the last.
  std::map<std::string, std::string> entries;
  for (const Decision* decision : wanted) {
    for (size_t i = 0; i < decision->ranking.size(); ++i) {
      const Ranked& ranked = decision->ranking[i];
      const std::string key = KeyText(*decision, ranked.candidate.runner, mapping);
      entries.insert_or_assign(key, "{\"runner_id\": " + std::to_string(i) + ", \"tactic\": " +
                                        FromPython(FromTactic(ranked.candidate.tactic)).dump() +
                                        ", \"min_time\": " + MinTimeText(ranked.median_ns) + "}");
    }
  }
  std::string text = "{\n  \"metadata\": " + MetadataOf(wanted).dump() + ",\n  \"cache_data\": {";
  const char* separator = "\n";
  for (const auto& [key, value] : entries) {
    text += separator + ("    " + Json(key).dump()) + ": " + value;
    separator = ",\n";
  }
  return text + "\n  }\n}\n";
}

}  // namespace tactic::interop
