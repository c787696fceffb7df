#include <array>
#include <stdexcept>
#include <utility>

#include "client/c/handles.h"
#include "client/c/read.h"

namespace tactic::c {
namespace {

// Sets `to` to the C++ value of number `from`.
template <typename T, size_t kCount>
Check ReadEnum(const std::string& field, int32_t from, const std::array<T, kCount>& values, T& to) {
  if (from < 0 || static_cast<size_t>(from) >= kCount) {
    return InvalidArgument(field + " is " + std::to_string(from) + "; must be 0 to " +
                           std::to_string(kCount - 1));
  }
  to = values[static_cast<size_t>(from)];
  return Ok();
}

// The vocabulary's numbers are those of the header.
static_assert(static_cast<int>(DType::kBool) == TACTIC_BOOL_TYPE &&
              static_cast<int>(DType::kF32) == TACTIC_F32 &&
              static_cast<int>(Layout::kColMajor) == TACTIC_COL_MAJOR &&
              static_cast<int>(CacheState::kWarm) == TACTIC_WARM &&
              static_cast<int>(LaunchMode::kEager) == TACTIC_EAGER &&
              static_cast<int>(Validation::kNone) == TACTIC_VALIDATE_NONE &&
              static_cast<int>(Dialect::kAncestor) == TACTIC_ANCESTOR);

constexpr size_t kMostRunners = 64;
constexpr size_t kMostDims = limits::kInputs * limits::kRank;

Check ReadInputs(const tactic_op_spec& from, OpSpec& to) {
  Check check = CheckArray("inputs", from.inputs, from.input_count, limits::kInputs);
  for (size_t i = 0; check.ok() && i < from.input_count; ++i) {
    InputSpec& input = to.inputs.emplace_back();
    const std::string at = Item("inputs", i);
    check = ReadNumber(at + ".dtype", from.inputs[i].dtype, DType::kBool, input.dtype);
    if (!check.ok()) return check;
    check = ReadNumber(at + ".layout", from.inputs[i].layout, Layout::kColMajor, input.layout);
  }
  return check;
}

Check ReadRunners(const tactic_op_spec& from, OpSpec& to) {
  if (Check check = CheckArray("runners", from.runners, from.runner_count, kMostRunners);
      !check.ok()) {
    return check;
  }
  for (size_t i = 0; i < from.runner_count; ++i) {
    const std::string at = Item("runners", i);
    Result<std::string> name = ToText((at + ".name").c_str(), from.runners[i].name);
    if (!name.ok()) return name.error();
    Result<std::string> id = ToText((at + ".unique_id").c_str(), from.runners[i].unique_id);
    if (!id.ok()) return id.error();
    to.runners.push_back({*std::move(name), *std::move(id)});
  }
  return Ok();
}

// What a rule with a function needs.
Check ReadFunctions(const std::string& at, const tactic_dynamic_dim& from, DynamicDim& to) {
  if (to.buckets.rule == Buckets::Rule::kFunction) {
    const Check there = CheckPointer((at + ".make_buckets").c_str(),
                                     reinterpret_cast<const void*>(from.make_buckets));
    if (!there.ok()) return there;
    to.buckets.make = [make = from.make_buckets, context = from.context](int64_t x) {
      std::vector<int64_t> sizes(limits::kProblems);
      const size_t count = make(x, sizes.data(), sizes.size(), context);
      if (count > sizes.size()) {
        throw std::length_error("make_buckets has " + std::to_string(count) + " sizes; at most " +
                                std::to_string(sizes.size()));
      }
      sizes.resize(count);
      return sizes;
    };
  }
  if (to.mapper.rule != Mapper::Rule::kFunction) return Ok();
  to.mapper.map = [map = from.map_size, context = from.context](int64_t x) {
    return map(x, context);
  };
  return CheckPointer((at + ".map_size").c_str(), reinterpret_cast<const void*>(from.map_size));
}

Check ReadDynamicDim(const std::string& at, const tactic_dynamic_dim& from, DynamicDim& to) {
  constexpr std::array kBuckets = {Buckets::Rule::kPowersOfTwo, Buckets::Rule::kLastPowersOfTwo,
                                   Buckets::Rule::kMultiples, Buckets::Rule::kList,
                                   Buckets::Rule::kFunction};
  constexpr std::array kMappers = {Mapper::Rule::kNextPowerOfTwo, Mapper::Rule::kLastPowerOfTwo,
                                   Mapper::Rule::kIdentity,       Mapper::Rule::kRoundUp,
                                   Mapper::Rule::kFloorTo,        Mapper::Rule::kCeilTo,
                                   Mapper::Rule::kFloorDivide,    Mapper::Rule::kFunction};
  to.input = from.input;
  to.dim = from.dim;
  Check check = ReadEnum(at + ".buckets", from.buckets, kBuckets, to.buckets.rule);
  if (check.ok()) check = ReadEnum(at + ".mapper", from.mapper, kMappers, to.mapper.rule);
  if (check.ok()) {
    check = CheckArray(at + ".bucket_list", from.bucket_list, from.bucket_count, limits::kProblems);
  }
  if (check.ok()) {
    check = CheckArray(at + ".mapper_list", from.mapper_list, from.mapper_count, limits::kProblems);
  }
  if (!check.ok()) return check;
  to.buckets.list.assign(from.bucket_list, from.bucket_list + from.bucket_count);
  to.mapper.list.assign(from.mapper_list, from.mapper_list + from.mapper_count);
  if (to.buckets.rule == Buckets::Rule::kMultiples) to.buckets.step = from.bucket_step;
  if (to.mapper.rule == Mapper::Rule::kRoundUp || to.mapper.rule == Mapper::Rule::kFloorDivide) {
    to.mapper.step = from.mapper_step;
  }
  return ReadFunctions(at, from, to);
}

Check ReadDynamicDims(const tactic_op_spec& from, OpSpec& to) {
  Check check = CheckArray("dynamic_dims", from.dynamic_dims, from.dynamic_count, kMostDims);
  for (size_t i = 0; check.ok() && i < from.dynamic_count; ++i) {
    check =
        ReadDynamicDim(Item("dynamic_dims", i), from.dynamic_dims[i], to.dynamic.emplace_back());
  }
  return check;
}

Check ReadConstraints(const tactic_op_spec& from, OpSpec& to) {
  if (Check check = CheckArray("constraints", from.constraints, from.constraint_count, kMostDims);
      !check.ok()) {
    return check;
  }
  for (size_t i = 0; i < from.constraint_count; ++i) {
    const tactic_constraint constraint = from.constraints[i];
    if (constraint.infer == nullptr) {
      return InvalidArgument(Item("constraints", i) + ".infer is NULL");
    }
    to.constraints.push_back({constraint.input, constraint.dim, [constraint](const Shapes& sizes) {
                                std::vector<tactic_shape> shapes;
                                for (const std::vector<int64_t>& dims : sizes) {
                                  shapes.push_back({dims.data(), dims.size()});
                                }
                                return constraint.infer(shapes.data(), shapes.size(),
                                                        constraint.context);
                              }});
  }
  return Ok();
}

Check ReadPolicyAndDialect(const tactic_op_spec& from, OpSpec& to) {
  to.policy.budget_ms = from.budget_ms;
  if (Check dialect = ReadNumber("dialect", from.dialect, Dialect::kAncestor, to.dialect);
      !dialect.ok()) {
    return dialect;
  }
  Check check = ReadNumber("cache_state", from.cache_state, CacheState::kWarm, to.policy.cache);
  if (check.ok()) {
    check = ReadNumber("launch_mode", from.launch_mode, LaunchMode::kEager, to.policy.launch);
  }
  if (check.ok()) {
    check = ReadNumber("validation", from.validation, Validation::kNone, to.policy.validation);
  }
  return check;
}

}  // namespace

Result<OpSpec> ToOpSpec(const tactic_op_spec& from) {
  OpSpec to;
  Result<std::string> op = ToText("op", from.op);
  if (!op.ok()) return op.error();
  to.op = *std::move(op);
  Result<Parameters> attributes = ToParameters("attributes", from.attributes, from.attribute_count);
  if (!attributes.ok()) return attributes.error();
  to.attributes = *std::move(attributes);
  if (from.tune_max != 0) to.tune_max = from.tune_max;
  for (const auto read :
       {ReadInputs, ReadRunners, ReadDynamicDims, ReadConstraints, ReadPolicyAndDialect}) {
    if (const Check check = read(from, to); !check.ok()) return check.error();
  }
  return to;
}

}  // namespace tactic::c
