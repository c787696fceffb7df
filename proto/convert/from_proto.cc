// From messages to the vocabulary, for convert.h. The enumerators have the same numbers on both
// sides (to_proto.cc checks), so that a value in range can be cast.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "proto/convert/convert.h"
#include "proto/model/text.h"

namespace tactic::convert {
namespace {

using internal::Field;
using internal::Quote;

std::string Join(std::string_view field, std::string_view name) {
  return std::string(field) + std::string(name);
}

std::string Item(std::string_view field, std::string_view name, int index) {
  return Join(field, name) + "[" + std::to_string(index) + "]";
}

// Sets `to`, or returns the Error that names the value and the range.
template <typename Model>
Check ReadEnum(const std::string& field, int from, Model first, Model last, Model& to) {
  if (from < static_cast<int>(first) || from > static_cast<int>(last)) {
    return internal::OutOfBounds(Field(field), from, static_cast<int>(first),
                                 static_cast<int>(last));
  }
  to = static_cast<Model>(from);
  return Ok();
}

Check ReadTime(const std::string& field, double from, double& to) {
  if (!std::isfinite(from) || from < 0) {
    return InvalidArgument(field + ": " + ToText(Value(from)) +
                           " is no time; must be finite and at least 0");
  }
  to = from;
  return Ok();
}

Check CheckCount(const std::string& field, int count, size_t most) {
  if (static_cast<size_t>(count) <= most) return Ok();
  return internal::OutOfBounds(Field(Field(field), ": count"), count, 0, most);
}

using ProtoParameters = google::protobuf::RepeatedPtrField<v1::Parameter>;

Result<Parameters> ReadNested(const std::string& field, const ProtoParameters& from);

Result<Value> ReadValue(const std::string& field, const v1::Value& from);

Result<Value> ReadList(const std::string& field, const v1::ValueList& from) {
  ValueList list;
  for (int i = 0; i < from.values_size(); ++i) {
    Result<Value> value = ReadValue(Item(field, "", i), from.values(i));
    if (!value.ok()) return value;
    list.items.push_back(*std::move(value));
  }
  return Value(std::move(list));
}

// Depth and number are left to CheckParameters; a message that was parsed is at most 100 deep.
Result<Value> ReadValue(const std::string& field, const v1::Value& from) {
  switch (from.kind_case()) {
    case v1::Value::kIntValue:
      return Value(from.int_value());
    case v1::Value::kBoolValue:
      return Value(from.bool_value());
    case v1::Value::kDoubleValue:
      return Value(from.double_value());
    case v1::Value::kStringValue:
      return Value(from.string_value());
    case v1::Value::kListValue:
      return ReadList(field, from.list_value());
    case v1::Value::kParametersValue: {
      Result<Parameters> nested = ReadNested(field, from.parameters_value().parameters());
      if (!nested.ok()) return nested.error();
      return Value(*std::move(nested));
    }
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return InvalidArgument(field +
                         ": not set; must be an int, bool, double, string, list or parameters");
}

Result<Parameters> ReadNested(const std::string& field, const ProtoParameters& from) {
  std::vector<Parameter> items;
  for (int i = 0; i < from.size(); ++i) {
    Result<Value> value = ReadValue(Item(field, "", i) + ".value", from[i].value());
    if (!value.ok()) return value.error();
    items.push_back({from[i].name(), *std::move(value)});
  }
  Parameters parameters(items);
  if (parameters.size() == items.size()) return parameters;
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const Parameter& item : items) names.push_back(item.name);
  std::sort(names.begin(), names.end());
  return InvalidArgument(field + ": " + Quote(*std::adjacent_find(names.begin(), names.end())) +
                         " is there twice; each name once");
}

Result<Parameters> ReadParameters(const std::string& field, const ProtoParameters& from) {
  if (const Check count = CheckCount(field, from.size(), limits::kParameters); !count.ok()) {
    return count.error();
  }
  Result<Parameters> parameters = ReadNested(field, from);
  if (!parameters.ok()) return parameters;
  if (const Check check = CheckParameters(field, *parameters); !check.ok()) return check.error();
  return parameters;
}

Result<Tensor> ReadTensor(const std::string& field, const v1::Tensor& from) {
  Tensor tensor;
  Check check =
      ReadEnum(field + ".dtype", from.dtype(), DType::kAbsent, DType::kBool, tensor.dtype);
  if (check.ok()) {
    check = ReadEnum(field + ".layout", from.layout(), Layout::kRowMajor, Layout::kColMajor,
                     tensor.layout);
  }
  if (check.ok()) check = CheckCount(field + ".dims", from.dims_size(), limits::kRank);
  if (!check.ok()) return check.error();
  for (const v1::Dim& dim : from.dims()) {
    const bool ranged = dim.min() != 0 || dim.max() != 0;
    tensor.dims.push_back(ranged ? Dim::Dynamic(dim.min(), dim.opt(), dim.max())
                                 : Dim::Static(dim.opt()));
    tensor.dims.back().derived = dim.derived();
  }
  return tensor;
}

Result<Ranked> ReadRanked(const std::string& field, const v1::Ranked& from) {
  Result<Candidate> candidate = FromProto(field + ".candidate.", from.candidate());
  if (!candidate.ok()) return candidate.error();
  Ranked ranked{*std::move(candidate)};
  Check check = ReadTime(field + ".median_ns", from.median_ns(), ranked.median_ns);
  if (check.ok()) check = ReadTime(field + ".low_ns", from.low_ns(), ranked.low_ns);
  if (check.ok()) check = ReadTime(field + ".high_ns", from.high_ns(), ranked.high_ns);
  if (!check.ok()) return check.error();
  return ranked;
}

Result<std::vector<Sample>> ReadSamples(const std::string& field, const v1::Samples& from) {
  const int count = from.nanoseconds_size();
  if (from.epoch_size() != count || from.round_size() != count) {
    return InvalidArgument(field + ": " + std::to_string(from.epoch_size()) + " epochs, " +
                           std::to_string(from.round_size()) + " rounds and " +
                           std::to_string(count) + " nanoseconds; must be as many of each");
  }
  std::vector<Sample> samples;
  samples.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    double nanoseconds = 0;
    const Check time = ReadTime(Item(field, ".nanoseconds", i), from.nanoseconds(i), nanoseconds);
    if (!time.ok()) return time.error();
    samples.push_back({from.epoch(i), from.round(i), static_cast<float>(nanoseconds)});
  }
  return samples;
}

Result<InputSchema> ReadInputSchema(const std::string& field, const v1::InputSchema& from) {
  InputSchema input{.name = from.name(),
                    .dims = {from.dims().begin(), from.dims().end()},
                    .dtypes = {},
                    .layouts = {},
                    .weight = from.weight(),
                    .own_dtype = from.own_dtype()};
  for (int i = 0; i < from.dtypes_size(); ++i) {
    const Check check = ReadEnum(Item(field, ".dtypes", i), from.dtypes(i), DType::kAbsent,
                                 DType::kBool, input.dtypes.emplace_back());
    if (!check.ok()) return check.error();
  }
  for (int i = 0; i < from.layouts_size(); ++i) {
    const Check check = ReadEnum(Item(field, ".layouts", i), from.layouts(i), Layout::kRowMajor,
                                 Layout::kColMajor, input.layouts.emplace_back());
    if (!check.ok()) return check.error();
  }
  return input;
}

// A fingerprint that came with a key must be the one made here: if it differs, the two ends
// disagree about what identifies, and the decision would answer for the wrong key.
Check CheckFingerprint(const std::string& field, const std::string& stated, const Key& key) {
  if (stated.empty()) return Ok();
  const std::string expected = ToHex(FingerprintOf(key));
  if (stated == expected) return Ok();
  return InvalidArgument(field + ": " + Quote(stated) + "; the key's is " + expected +
                         " (the sender may be of another version)");
}

}  // namespace

Result<Problem> FromProto(std::string_view field, const v1::Problem& from) {
  Result<Parameters> attributes = ReadParameters(Join(field, "attributes"), from.attributes());
  if (!attributes.ok()) return attributes.error();
  const Check count = CheckCount(Join(field, "inputs"), from.inputs_size(), limits::kInputs);
  if (!count.ok()) return count.error();
  Problem problem{from.op(), *std::move(attributes), {}};
  for (int i = 0; i < from.inputs_size(); ++i) {
    Result<Tensor> input = ReadTensor(Item(field, "inputs", i), from.inputs(i));
    if (!input.ok()) return input.error();
    problem.inputs.push_back(*std::move(input));
  }
  if (const Check check = CheckProblem(field, problem); !check.ok()) return check.error();
  return problem;
}

Result<MeasurementPolicy> FromProto(std::string_view field, const v1::MeasurementPolicy& from) {
  MeasurementPolicy policy;
  policy.budget_ms = from.budget_ms();
  Check check = ReadEnum(Join(field, "cache"), from.cache(), CacheState::kUnspecified,
                         CacheState::kWarm, policy.cache);
  if (check.ok()) {
    check = ReadEnum(Join(field, "launch"), from.launch(), LaunchMode::kUnspecified,
                     LaunchMode::kEager, policy.launch);
  }
  if (check.ok()) {
    check = ReadEnum(Join(field, "validation"), from.validation(), Validation::kUnspecified,
                     Validation::kNone, policy.validation);
  }
  if (check.ok()) check = CheckPolicy(field, policy);
  if (!check.ok()) return check.error();
  return policy;
}

Result<DeviceClass> FromProto(std::string_view field, const v1::DeviceClass& from) {
  DeviceClass device{DeviceKind::kHost, from.arch(),  from.units(),       from.cache_bytes(),
                     from.partition(),  from.label(), from.memory_bytes()};
  Check check =
      ReadEnum(Join(field, "kind"), from.kind(), DeviceKind::kHost, DeviceKind::kCuda, device.kind);
  if (check.ok()) check = CheckDevice(field, device);
  if (!check.ok()) return check.error();
  return device;
}

Result<SelfCheck> FromProto(std::string_view field, const v1::SelfCheck& from) {
  const std::pair<const char*, double> numbers[] = {{"empty_graph_ns", from.empty_graph_ns()},
                                                    {"empty_call_ns", from.empty_call_ns()},
                                                    {"repeat_error", from.repeat_error()},
                                                    {"warm_ns", from.warm_ns()},
                                                    {"cold_ns", from.cold_ns()}};
  for (const auto& [name, number] : numbers) {
    if (std::isfinite(number) && number >= 0) continue;
    return InvalidArgument(Join(field, name) + " is " + ToText(Value(number)) +
                           "; must be finite and at least 0");
  }
  return SelfCheck{from.empty_graph_ns(), from.empty_call_ns(), from.repeat_error(),
                   from.warm_ns(),        from.cold_ns(),       from.cold()};
}

Result<Environment> FromProto(std::string_view field, const v1::Environment& from) {
  Result<DeviceClass> device = FromProto(Join(field, "device."), from.device());
  if (!device.ok()) return device.error();
  const Check count =
      CheckCount(Join(field, "components"), from.components_size(), limits::kComponents);
  if (!count.ok()) return count.error();
  Environment environment{*std::move(device), from.driver(), from.runtime(), {}};
  for (const v1::Component& component : from.components()) {
    environment.components.push_back({component.name(), component.version()});
  }
  const Check check = CheckEnvironment(field, environment);
  if (!check.ok()) return check.error();
  std::sort(environment.components.begin(), environment.components.end());
  return environment;
}

Result<Key> FromProto(std::string_view field, const v1::Key& from) {
  Result<Problem> problem = FromProto(Join(field, "problem."), from.problem());
  if (!problem.ok()) return problem.error();
  Result<MeasurementPolicy> policy = FromProto(Join(field, "policy."), from.policy());
  if (!policy.ok()) return policy.error();
  Result<Environment> environment = FromProto(Join(field, "environment."), from.environment());
  if (!environment.ok()) return environment.error();
  const MeasurementPolicy resolved = Resolve(*policy, environment->device.kind);
  return Key{*std::move(problem), resolved, *std::move(environment)};
}

Result<RunnerId> FromProto(std::string_view field, const v1::RunnerId& from) {
  RunnerId runner{from.name(), from.unique_id()};
  if (const Check check = CheckRunnerId(field, runner); !check.ok()) return check.error();
  return runner;
}

Result<Candidate> FromProto(std::string_view field, const v1::Candidate& from) {
  Result<RunnerId> runner = FromProto(Join(field, "runner."), from.runner());
  if (!runner.ok()) return runner.error();
  Result<Parameters> tactic = ReadParameters(Join(field, "tactic"), from.tactic());
  if (!tactic.ok()) return tactic.error();
  return Candidate{*std::move(runner), *std::move(tactic)};
}

Result<Trial> FromProto(std::string_view field, const v1::Trial& from) {
  Result<Candidate> candidate = FromProto(Join(field, "candidate."), from.candidate());
  if (!candidate.ok()) return candidate.error();
  const Result<Outcome> outcome = FromProto(Join(field, "outcome"), from.outcome());
  if (!outcome.ok()) return outcome.error();
  Result<std::vector<Sample>> samples = ReadSamples(Join(field, "samples"), from.samples());
  if (!samples.ok()) return samples.error();
  Trial trial{*std::move(candidate), *outcome, from.detail(), 0, *std::move(samples)};
  Check check =
      internal::CheckText(Field(Join(field, "detail")), trial.detail, 0, limits::kDetailBytes);
  if (check.ok()) check = ReadTime(Join(field, "median_ns"), from.median_ns(), trial.median_ns);
  if (!check.ok()) return check.error();
  return trial;
}

Result<Disturbance> FromProto(std::string_view field, const v1::Disturbance& from) {
  const Check check =
      internal::CheckText(Field(Join(field, "cause")), from.cause(), 1, limits::kDetailBytes);
  if (!check.ok()) return check.error();
  return Disturbance{from.cause(), from.discarded(), from.epoch(), from.round()};
}

Result<Decision> FromProto(std::string_view field, const v1::Decision& from) {
  Result<Key> key = FromProto(Join(field, "key."), from.key());
  if (!key.ok()) return key.error();
  const Result<Reason> reason = FromProto(Join(field, "reason"), from.reason());
  if (!reason.ok()) return reason.error();
  if (from.ranking_size() < 1 || static_cast<size_t>(from.ranking_size()) > limits::kCandidates) {
    return internal::OutOfBounds(Field(Join(field, "ranking: count")), from.ranking_size(), 1,
                                 limits::kCandidates);
  }
  Decision decision;
  decision.id = from.id();
  decision.revision = from.revision();
  decision.key = *std::move(key);
  for (int i = 0; i < from.ranking_size(); ++i) {
    Result<Ranked> ranked = ReadRanked(Item(field, "ranking", i), from.ranking(i));
    if (!ranked.ok()) return ranked.error();
    decision.ranking.push_back(*std::move(ranked));
  }
  decision.reason = *reason;
  decision.tied = from.tied();
  decision.created_unix_ms = from.created_unix_ms();
  Check check = ReadTime(Join(field, "default_ns"), from.default_ns(), decision.default_ns);
  if (check.ok()) {
    check = CheckFingerprint(Join(field, "fingerprint"), from.fingerprint(), decision.key);
  }
  if (!check.ok()) return check.error();
  return decision;
}

Result<OpSchema> FromProto(std::string_view field, const v1::OpSchema& from) {
  OpSchema schema{from.op(), {}, {}};
  for (int i = 0; i < from.inputs_size(); ++i) {
    Result<InputSchema> input = ReadInputSchema(Item(field, "inputs", i), from.inputs(i));
    if (!input.ok()) return input.error();
    schema.inputs.push_back(*std::move(input));
  }
  for (int i = 0; i < from.attributes_size(); ++i) {
    const v1::AttributeSchema& attribute = from.attributes(i);
    Result<Value> value =
        ReadValue(Item(field, "attributes", i) + ".default_value", attribute.default_value());
    if (!value.ok()) return value.error();
    schema.attributes.push_back({attribute.name(), *std::move(value)});
  }
  if (const Check check = CheckSchema(field, schema); !check.ok()) return check.error();
  return schema;
}

Result<Component> FromProto(std::string_view field, const v1::Component& from) {
  Component component{from.name(), from.version()};
  if (const Check check = CheckComponent(field, component); !check.ok()) return check.error();
  return component;
}

Result<Outcome> FromProto(std::string_view field, v1::Outcome from) {
  Outcome outcome{};
  const Check check =
      ReadEnum(std::string(field), from, Outcome::kMeasured, Outcome::kNotMeasured, outcome);
  if (!check.ok()) return check.error();
  return outcome;
}

Result<Reason> FromProto(std::string_view field, v1::Reason from) {
  Reason reason{};
  const Check check = ReadEnum(std::string(field), from, Reason::kClear, Reason::kBudget, reason);
  if (!check.ok()) return check.error();
  return reason;
}

}  // namespace tactic::convert
