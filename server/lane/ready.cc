#include "server/lane/ready.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "server/core/status.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

constexpr int kOps = 256;
constexpr int kRunners = 256;

template <typename T>
absl::StatusOr<T> Converted(Result<T> result) {
  if (!result.ok()) return ToStatus(result.error());
  return *std::move(result);
}

absl::StatusOr<OpInfo> ParseOp(const std::string& field, const v1::OpInfo& message) {
  OpInfo op;
  ASSIGN_OR_RETURN(op.schema, Converted(convert::FromProto(field + ".schema.", message.schema())));
  if (message.runners_size() < 1 || message.runners_size() > kRunners) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".runners: count ", message.runners_size(), " is outside 1..", kRunners));
  }
  for (const v1::RunnerId& runner : message.runners()) {
    ASSIGN_OR_RETURN(RunnerId id, Converted(convert::FromProto(field + ".runners.", runner)));
    op.runners.push_back(std::move(id));
  }
  if (static_cast<size_t>(message.components_size()) > limits::kComponents) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".components: count ", message.components_size(), " is over ", limits::kComponents));
  }
  for (const v1::Component& component : message.components()) {
    ASSIGN_OR_RETURN(Component parsed,
                     Converted(convert::FromProto(field + ".components.", component)));
    op.components.push_back(std::move(parsed));
  }
  return op;
}

std::string ToText(const DeviceClass& device) {
  return absl::StrCat(device.arch, " with ", device.units, " units, ", device.cache_bytes,
                      " B of cache", device.partition.empty() ? "" : ", partition ",
                      device.partition);
}

std::string ToText(const std::vector<RunnerId>& runners) {
  std::string text;
  for (const RunnerId& runner : runners) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", runner.name, "/", runner.unique_id);
  }
  return text;
}

std::string ToText(const std::vector<Component>& components) {
  std::string text;
  for (const Component& component : components) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", component.name, "/", component.version);
  }
  return text;
}

std::string Differs(std::string_view what, const std::string& before, const std::string& now) {
  if (before == now) return "";
  return absl::StrCat(std::string(what), " is now '", now, "', was '", before, "'");
}

std::string OpDifference(const OpInfo& before, const OpInfo& now) {
  const std::string& op = before.schema.op;
  if (before.schema != now.schema) return absl::StrCat("what op ", op, " accepts has changed");
  std::string difference = Differs("runners of " + op, ToText(before.runners), ToText(now.runners));
  if (!difference.empty()) return difference;
  return Differs("components of " + op, ToText(before.components), ToText(now.components));
}

}  // namespace

absl::StatusOr<WorkerFacts> ParseReady(const v1::Ready& message) {
  if (message.protocol() != kWorkerProtocol) {
    return absl::FailedPreconditionError(
        absl::StrCat("it speaks worker protocol ", message.protocol(), ", this daemon ",
                     kWorkerProtocol, ": install both from one build"));
  }
  WorkerFacts facts;
  ASSIGN_OR_RETURN(facts.device, Converted(convert::FromProto("device.", message.device())));
  facts.driver = message.driver();
  facts.runtime = message.runtime();
  for (const std::string* text : {&facts.driver, &facts.runtime}) {
    if (text->size() > limits::kValueBytes || !IsPrintableUtf8(*text)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "driver, runtime: must be printable and at most ", limits::kValueBytes, " bytes"));
    }
  }
  if (message.has_self_check()) {
    ASSIGN_OR_RETURN(facts.self_check,
                     Converted(convert::FromProto("self_check.", message.self_check())));
  }
  if (message.ops_size() < 1 || message.ops_size() > kOps) {
    return absl::InvalidArgumentError(
        absl::StrCat("ops: count ", message.ops_size(), " is outside 1..", kOps));
  }
  for (int i = 0; i < message.ops_size(); ++i) {
    ASSIGN_OR_RETURN(OpInfo op, ParseOp(absl::StrCat("ops[", i, "]"), message.ops(i)));
    facts.ops.push_back(std::move(op));
  }
  return facts;
}

std::string Difference(const WorkerFacts& before, const WorkerFacts& now) {
  std::string difference = Differs("device", ToText(before.device), ToText(now.device));
  if (difference.empty()) difference = Differs("driver", before.driver, now.driver);
  if (difference.empty()) difference = Differs("runtime", before.runtime, now.runtime);
  if (!difference.empty()) return difference;
  if (before.ops.size() != now.ops.size()) {
    return absl::StrCat("there are ", now.ops.size(), " ops now, were ", before.ops.size());
  }
  for (size_t i = 0; i < now.ops.size(); ++i) {
    if (before.ops[i].schema.op != now.ops[i].schema.op) {
      return Differs(absl::StrCat("op ", i), before.ops[i].schema.op, now.ops[i].schema.op);
    }
    difference = OpDifference(before.ops[i], now.ops[i]);
    if (!difference.empty()) return difference;
  }
  return "";
}

}  // namespace tactic
