// From the vocabulary to messages, for convert.h.
#include "proto/convert/convert.h"

namespace tactic::convert {
namespace {

// The model's enumerators and the wire's have the same numbers, so that a checked cast converts.
template <typename Model, typename Wire>
constexpr bool Same(Model model, Wire wire) {
  return static_cast<int>(model) == static_cast<int>(wire);
}
static_assert(Same(DType::kBool, v1::D_TYPE_BOOL) && v1::DType_MAX == v1::D_TYPE_BOOL);
static_assert(Same(Layout::kColMajor, v1::LAYOUT_COL_MAJOR) &&
              v1::Layout_MAX == v1::LAYOUT_COL_MAJOR);
static_assert(Same(CacheState::kWarm, v1::CACHE_STATE_WARM) &&
              v1::CacheState_MAX == v1::CACHE_STATE_WARM);
static_assert(Same(LaunchMode::kEager, v1::LAUNCH_MODE_EAGER) &&
              v1::LaunchMode_MAX == v1::LAUNCH_MODE_EAGER);
static_assert(Same(Validation::kNone, v1::VALIDATION_NONE) &&
              v1::Validation_MAX == v1::VALIDATION_NONE);
static_assert(Same(DeviceKind::kCuda, v1::DEVICE_KIND_CUDA) &&
              v1::DeviceKind_MAX == v1::DEVICE_KIND_CUDA);
static_assert(Same(Outcome::kNotMeasured, v1::OUTCOME_NOT_MEASURED) &&
              v1::Outcome_MAX == v1::OUTCOME_NOT_MEASURED);
static_assert(Same(Reason::kBudget, v1::REASON_BUDGET) && v1::Reason_MAX == v1::REASON_BUDGET);

using ProtoParameters = google::protobuf::RepeatedPtrField<v1::Parameter>;

void WriteParameters(const Parameters& from, ProtoParameters* to);

void WriteValue(const Value& from, v1::Value* to) {
  struct Writer {
    v1::Value* to;
    void operator()(int64_t v) const { to->set_int_value(v); }
    void operator()(bool v) const { to->set_bool_value(v); }
    void operator()(double v) const { to->set_double_value(v); }
    void operator()(const std::string& v) const { to->set_string_value(v); }
    void operator()(const ValueList& v) const {
      v1::ValueList* list = to->mutable_list_value();
      for (const Value& item : v.items) WriteValue(item, list->add_values());
    }
    void operator()(const Parameters& v) const {
      WriteParameters(v, to->mutable_parameters_value()->mutable_parameters());
    }
  };
  std::visit(Writer{to}, from);
}

void WriteParameters(const Parameters& from, ProtoParameters* to) {
  for (const Parameter& parameter : from.items()) {
    v1::Parameter* added = to->Add();
    added->set_name(parameter.name);
    WriteValue(parameter.value, added->mutable_value());
  }
}

void WriteTensor(const Tensor& from, v1::Tensor* to) {
  to->set_dtype(static_cast<v1::DType>(from.dtype));
  to->set_layout(static_cast<v1::Layout>(from.layout));
  for (const Dim& dim : from.dims) {
    v1::Dim* added = to->add_dims();
    added->set_opt(dim.opt);
    added->set_derived(dim.derived);
    if (dim.min == dim.opt && dim.max == dim.opt) continue;
    added->set_min(dim.min);
    added->set_max(dim.max);
  }
}

void WriteRanked(const Ranked& from, v1::Ranked* to) {
  ToProto(from.candidate, to->mutable_candidate());
  to->set_median_ns(from.median_ns);
  to->set_low_ns(from.low_ns);
  to->set_high_ns(from.high_ns);
}

}  // namespace

void ToProto(const Problem& from, v1::Problem* to) {
  to->Clear();
  to->set_op(from.op);
  WriteParameters(from.attributes, to->mutable_attributes());
  for (const Tensor& input : from.inputs) WriteTensor(input, to->add_inputs());
}

void ToProto(const MeasurementPolicy& from, v1::MeasurementPolicy* to) {
  to->set_cache(static_cast<v1::CacheState>(from.cache));
  to->set_launch(static_cast<v1::LaunchMode>(from.launch));
  to->set_validation(static_cast<v1::Validation>(from.validation));
  to->set_budget_ms(from.budget_ms);
}

void ToProto(const DeviceClass& from, v1::DeviceClass* to) {
  to->set_kind(static_cast<v1::DeviceKind>(from.kind));
  to->set_arch(from.arch);
  to->set_units(from.units);
  to->set_cache_bytes(from.cache_bytes);
  to->set_partition(from.partition);
  to->set_label(from.label);
  to->set_memory_bytes(from.memory_bytes);
}

void ToProto(const SelfCheck& from, v1::SelfCheck* to) {
  to->set_empty_graph_ns(from.empty_graph_ns);
  to->set_empty_call_ns(from.empty_call_ns);
  to->set_repeat_error(from.repeat_error);
  to->set_warm_ns(from.warm_ns);
  to->set_cold_ns(from.cold_ns);
  to->set_cold(from.cold);
}

void ToProto(const Environment& from, v1::Environment* to) {
  to->Clear();
  ToProto(from.device, to->mutable_device());
  to->set_driver(from.driver);
  to->set_runtime(from.runtime);
  for (const Component& component : from.components) ToProto(component, to->add_components());
}

void ToProto(const Key& from, v1::Key* to) {
  ToProto(from.problem, to->mutable_problem());
  ToProto(from.policy, to->mutable_policy());
  ToProto(from.environment, to->mutable_environment());
}

void ToProto(const RunnerId& from, v1::RunnerId* to) {
  to->set_name(from.name);
  to->set_unique_id(from.unique_id);
}

void ToProto(const Candidate& from, v1::Candidate* to) {
  to->Clear();
  ToProto(from.runner, to->mutable_runner());
  WriteParameters(from.tactic, to->mutable_tactic());
}

void ToProto(const Disturbance& from, v1::Disturbance* to) {
  to->set_cause(ToPrintable(from.cause, limits::kDetailBytes));
  to->set_discarded(from.discarded);
  to->set_epoch(from.epoch);
  to->set_round(from.round);
}

void ToProto(const Trial& from, v1::Trial* to) {
  to->Clear();
  ToProto(from.candidate, to->mutable_candidate());
  to->set_outcome(static_cast<v1::Outcome>(from.outcome));
  // May be what a runner's exception said: the message must be sent whatever that holds.
  to->set_detail(ToPrintable(from.detail, limits::kDetailBytes));
  to->set_median_ns(from.median_ns);
  for (const Sample& sample : from.samples) {
    to->mutable_samples()->add_epoch(sample.epoch);
    to->mutable_samples()->add_round(sample.round);
    to->mutable_samples()->add_nanoseconds(sample.nanoseconds);
  }
}

void ToProto(const Decision& from, v1::Decision* to) {
  to->Clear();
  to->set_id(from.id);
  to->set_revision(from.revision);
  ToProto(from.key, to->mutable_key());
  for (const Ranked& ranked : from.ranking) WriteRanked(ranked, to->add_ranking());
  to->set_default_ns(from.default_ns);
  to->set_reason(static_cast<v1::Reason>(from.reason));
  to->set_tied(from.tied);
  to->set_created_unix_ms(from.created_unix_ms);
  to->set_fingerprint(ToHex(FingerprintOf(from.key)));
}

void ToProto(const OpSchema& from, v1::OpSchema* to) {
  to->Clear();
  to->set_op(from.op);
  for (const InputSchema& input : from.inputs) {
    v1::InputSchema* added = to->add_inputs();
    added->set_name(input.name);
    for (const std::string& dim : input.dims) added->add_dims(dim);
    for (const DType dtype : input.dtypes) added->add_dtypes(static_cast<v1::DType>(dtype));
    for (const Layout layout : input.layouts) added->add_layouts(static_cast<v1::Layout>(layout));
    added->set_weight(input.weight);
    added->set_own_dtype(input.own_dtype);
  }
  for (const AttributeSchema& attribute : from.attributes) {
    v1::AttributeSchema* added = to->add_attributes();
    added->set_name(attribute.name);
    WriteValue(attribute.default_value, added->mutable_default_value());
  }
}

void ToProto(const Component& from, v1::Component* to) {
  to->set_name(from.name);
  to->set_version(from.version);
}

}  // namespace tactic::convert
