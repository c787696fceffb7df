#include "client/cache/overrides.h"

#include <algorithm>
#include <utility>

#include "client/cache/field_errors.h"

namespace tactic::cache_internal {
namespace {

bool Skips(const ProfileOverrides& overrides, const std::string& op) {
  const auto& ops = overrides.skip_ops;
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

bool SaysOfBuckets(const ProfileOverrides& overrides) {
  return !overrides.buckets.empty() || overrides.round_up;
}

// To the next of the dimension's own buckets.
void RoundUp(DynamicDim& dim) {
  switch (dim.buckets.rule) {
    case Buckets::Rule::kList:
      if (!dim.buckets.list.empty()) dim.mapper = {Mapper::Rule::kCeilTo, 1, dim.buckets.list};
      break;
    case Buckets::Rule::kPowersOfTwo:
    case Buckets::Rule::kLastPowersOfTwo:
      dim.mapper = {Mapper::Rule::kNextPowerOfTwo};
      break;
    case Buckets::Rule::kMultiples:
      dim.mapper = {Mapper::Rule::kRoundUp, dim.buckets.step};
      break;
    case Buckets::Rule::kFunction:
      return;  // Which they are depends on the size.
  }
  std::sort(dim.mapper.list.begin(), dim.mapper.list.end());
}

void Apply(const ProfileOverrides& overrides, OpSpec& spec) {
  for (DynamicDim& dim : spec.dynamic) {
    if (overrides.buckets.empty()) {
      RoundUp(dim);
      continue;
    }
    dim.buckets = {Buckets::Rule::kList, overrides.buckets};
    dim.mapper = {overrides.round_up ? Mapper::Rule::kCeilTo : Mapper::Rule::kFloorTo, 1,
                  overrides.buckets};
  }
}

}  // namespace

Check CheckOverrides(const ProfileOverrides& overrides) {
  for (size_t i = 0; i < overrides.buckets.size(); ++i) {
    const int64_t size = overrides.buckets[i];
    if (!Within(size, 0, limits::kDim)) return OutOf(Indexed("buckets", i), size, 0, limits::kDim);
  }
  for (size_t i = 0; i < overrides.skip_ops.size(); ++i) {
    const Check name = CheckName(Indexed("skip_ops", i), overrides.skip_ops[i]);
    if (!name.ok()) return name;
  }
  return Ok();
}

uint64_t OverrideStack::Add(ProfileOverrides overrides) {
  std::sort(overrides.buckets.begin(), overrides.buckets.end());
  layers_.push_back({next_id_, std::move(overrides)});
  return next_id_++;
}

void OverrideStack::Drop(uint64_t id) {
  layers_.remove_if([id](const Layer& layer) { return layer.id == id; });
}

std::shared_ptr<const Override> OverrideStack::Of(const OpSpec& spec) const {
  const ProfileOverrides* of_buckets = nullptr;
  bool skip = skip_all_;
  for (const auto& [id, overrides] : layers_) {
    skip |= Skips(overrides, spec.op);
    if (SaysOfBuckets(overrides)) of_buckets = &overrides;
  }
  if (!skip && (of_buckets == nullptr || spec.dynamic.empty())) return nullptr;
  auto overriding = std::make_shared<Override>();
  overriding->skip = skip;
  overriding->spec = spec;
  if (of_buckets != nullptr) Apply(*of_buckets, overriding->spec);
  overriding->rules = KeyRules(overriding->spec);
  return overriding;
}

}  // namespace tactic::cache_internal
