// What is wrong with a spec or with shapes, as far as it can be known: PrepareSpec and CheckShapes.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "client/cache/field_errors.h"
#include "client/cache/profile.h"

namespace tactic::cache_internal {
namespace {

using Place = std::pair<int, int>;  // Input, dimension.

Check CheckSizes(const std::string& field, const std::vector<int64_t>& sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!Within(sizes[i], 0, limits::kDim)) {
      return OutOf(Indexed(field, i), sizes[i], 0, limits::kDim);
    }
  }
  return Ok();
}

Check CheckPlace(const OpSpec& spec, const std::string& field, const Place& place) {
  const auto inputs = static_cast<int64_t>(spec.inputs.size());
  if (!Within(place.first, 0, inputs - 1)) {
    return OutOf(field + ".input", place.first, 0, inputs - 1);
  }
  if (!Within(place.second, 0, limits::kRank - 1)) {
    return OutOf(field + ".dim", place.second, 0, limits::kRank - 1);
  }
  return Ok();
}

Check CheckBuckets(const std::string& field, const Buckets& buckets) {
  if (buckets.rule == Buckets::Rule::kFunction && !buckets.make) {
    return InvalidArgument(field + ".make is empty; give a function");
  }
  if (!Within(buckets.step, 1, limits::kDim)) {
    return OutOf(field + ".step", buckets.step, 1, limits::kDim);
  }
  return CheckSizes(field + ".list", buckets.list);
}

Check PrepareMapper(const std::string& field, Mapper& mapper) {
  if (mapper.rule == Mapper::Rule::kFunction && !mapper.map) {
    return InvalidArgument(field + ".map is empty; give a function");
  }
  if (!Within(mapper.step, 1, limits::kDim)) {
    return OutOf(field + ".step", mapper.step, 1, limits::kDim);
  }
  const bool reads_list =
      mapper.rule == Mapper::Rule::kFloorTo || mapper.rule == Mapper::Rule::kCeilTo;
  if (reads_list && mapper.list.empty()) {
    return InvalidArgument(field + ".list is empty; floor_to and ceil_to need at least one size");
  }
  if (Check sizes = CheckSizes(field + ".list", mapper.list); !sizes.ok()) return sizes;
  std::sort(mapper.list.begin(), mapper.list.end());
  return Ok();
}

Error Again(const std::string& field, const Place& place) {
  return InvalidArgument(field + " is input " + std::to_string(place.first) + ", dim " +
                         std::to_string(place.second) + " again; name each dimension once");
}

// Adds the dimensions that it sees to `named`.
Check PrepareDynamic(OpSpec& spec, std::set<Place>& named) {
  for (size_t i = 0; i < spec.dynamic.size(); ++i) {
    DynamicDim& dynamic = spec.dynamic[i];
    const std::string field = Indexed("dynamic", i);
    const Place place(dynamic.input, dynamic.dim);
    if (Check known = CheckPlace(spec, field, place); !known.ok()) return known;
    if (!named.insert(place).second && spec.dialect == Dialect::kStrict) {
      return Again(field, place);
    }
    if (Check buckets = CheckBuckets(field + ".buckets", dynamic.buckets); !buckets.ok()) {
      return buckets;
    }
    if (Check mapper = PrepareMapper(field + ".mapper", dynamic.mapper); !mapper.ok()) {
      return mapper;
    }
  }
  return Ok();
}

Check CheckConstraints(const OpSpec& spec, std::set<Place>& named) {
  for (size_t i = 0; i < spec.constraints.size(); ++i) {
    const Constraint& constraint = spec.constraints[i];
    const std::string field = Indexed("constraints", i);
    const Place place(constraint.input, constraint.dim);
    if (Check known = CheckPlace(spec, field, place); !known.ok()) return known;
    if (!named.insert(place).second && spec.dialect == Dialect::kStrict) {
      return Again(field, place);
    }
    if (!constraint.infer) return InvalidArgument(field + ".infer is empty; give a function");
  }
  return Ok();
}

Check CheckRunners(const OpSpec& spec) {
  constexpr int64_t kMost = 64;
  if (!Within(static_cast<int64_t>(spec.runners.size()), 1, kMost)) {
    return OutOf("runners.size", static_cast<int64_t>(spec.runners.size()), 1, kMost);
  }
  std::set<RunnerId> seen;
  for (size_t i = 0; i < spec.runners.size(); ++i) {
    const RunnerId& runner = spec.runners[i];
    if (Check name = CheckName(Indexed("runners", i, ".name"), runner.name); !name.ok()) {
      return name;
    }
    if (runner.unique_id.size() > limits::kUniqueIdBytes || !IsPrintableUtf8(runner.unique_id)) {
      return InvalidArgument(Indexed("runners", i, ".unique_id") +
                             " must be printable UTF-8 of at most " +
                             std::to_string(limits::kUniqueIdBytes) + " bytes");
    }
    if (!seen.insert(runner).second) {
      return InvalidArgument(Indexed("runners", i) + " is '" + runner.name + "', id '" +
                             runner.unique_id + "', again; list each runner once");
    }
  }
  return Ok();
}

// "its dynamic dim is 3", where the input of these shapes has fewer.
Check CheckRank(const Shapes& shapes, const Place& place, const std::string& what) {
  const std::vector<int64_t>& shape = shapes[place.first];
  if (IsAbsent(shape) || place.second < static_cast<int>(shape.size())) return Ok();
  return InvalidArgument(Indexed("shapes", place.first) + " has rank " +
                         std::to_string(shape.size()) + "; its " + what + " dim is " +
                         std::to_string(place.second));
}

}  // namespace

bool IsAbsent(const std::vector<int64_t>& shape) { return shape.size() == 1 && shape[0] == 0; }

Check PrepareProfileRules(OpSpec& spec) {
  std::set<Place> named;
  if (Check dynamic = PrepareDynamic(spec, named); !dynamic.ok()) return dynamic;
  if (Check constraints = CheckConstraints(spec, named); !constraints.ok()) return constraints;
  const int64_t least = spec.dialect == Dialect::kStrict ? 1 : 0;
  if (spec.tune_max && !Within(*spec.tune_max, least, limits::kDim)) {
    return OutOf("tune_max", *spec.tune_max, least, limits::kDim);
  }
  return Ok();
}

Result<OpSpec> PrepareSpec(OpSpec spec) {
  if (Check op = CheckName("op", spec.op); !op.ok()) return op.error();
  if (Check attributes = CheckParameters("attributes", spec.attributes); !attributes.ok()) {
    return attributes.error();
  }
  if (!Within(static_cast<int64_t>(spec.inputs.size()), 1, limits::kInputs)) {
    return OutOf("inputs.size", static_cast<int64_t>(spec.inputs.size()), 1, limits::kInputs);
  }
  if (Check runners = CheckRunners(spec); !runners.ok()) return runners.error();
  if (Check rules = PrepareProfileRules(spec); !rules.ok()) return rules.error();
  if (Check coverage = CheckCoverage(spec); !coverage.ok()) return coverage.error();
  return spec;
}

Check CheckShapes(const OpSpec& spec, const Shapes& shapes) {
  if (shapes.size() != spec.inputs.size()) {
    return InvalidArgument("shapes: " + std::to_string(shapes.size()) + " inputs; op '" + spec.op +
                           "' is registered with " + std::to_string(spec.inputs.size()));
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].size() > limits::kRank) {
      return OutOf(Indexed("shapes", i, ".size"), static_cast<int64_t>(shapes[i].size()), 0,
                   limits::kRank);
    }
    if (Check sizes = CheckSizes(Indexed("shapes", i), shapes[i]); !sizes.ok()) return sizes;
  }
  if (spec.dialect == Dialect::kAncestor) return Ok();
  for (const DynamicDim& dynamic : spec.dynamic) {
    if (Check rank = CheckRank(shapes, {dynamic.input, dynamic.dim}, "dynamic"); !rank.ok()) {
      return rank;
    }
  }
  for (const Constraint& constraint : spec.constraints) {
    const Place place(constraint.input, constraint.dim);
    if (Check rank = CheckRank(shapes, place, "constrained"); !rank.ok()) return rank;
  }
  return Ok();
}

}  // namespace tactic::cache_internal
