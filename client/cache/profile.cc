#include "client/cache/profile.h"

#include <exception>
#include <set>
#include <string>
#include <utility>

namespace tactic::cache_internal {
namespace {

std::string Indexed(std::string_view list, size_t index, std::string_view field) {
  return std::string(list) + "[" + std::to_string(index) + "]" + std::string(field);
}

Error OutOf(std::string field, int64_t value, int64_t low, int64_t high) {
  return InvalidArgument(field + " is " + std::to_string(value) + "; must be " +
                         std::to_string(low) + " to " + std::to_string(high));
}

bool Within(int64_t value, int64_t low, int64_t high) { return low <= value && value <= high; }

Check CheckSizes(const std::string& field, const std::vector<int64_t>& sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!Within(sizes[i], 0, limits::kDim)) {
      return OutOf(Indexed(field, i, ""), sizes[i], 0, limits::kDim);
    }
  }
  return Ok();
}

Check CheckPlace(const OpSpec& spec, const std::string& field, int input, int dim) {
  const auto inputs = static_cast<int64_t>(spec.inputs.size());
  if (!Within(input, 0, inputs - 1)) return OutOf(field + ".input", input, 0, inputs - 1);
  if (!Within(dim, 0, limits::kRank - 1)) return OutOf(field + ".dim", dim, 0, limits::kRank - 1);
  return Ok();
}

Check PrepareMapper(const std::string& field, Mapper& mapper) {
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

Check PrepareDynamic(OpSpec& spec) {
  std::set<std::pair<int, int>> seen;
  for (size_t i = 0; i < spec.dynamic.size(); ++i) {
    DynamicDim& dynamic = spec.dynamic[i];
    const std::string field = Indexed("dynamic", i, "");
    if (Check place = CheckPlace(spec, field, dynamic.input, dynamic.dim); !place.ok()) {
      return place;
    }
    if (!seen.insert({dynamic.input, dynamic.dim}).second) {
      return InvalidArgument(field + " is input " + std::to_string(dynamic.input) + ", dim " +
                             std::to_string(dynamic.dim) + " again; name each dimension once");
    }
    if (!Within(dynamic.buckets.step, 1, limits::kDim)) {
      return OutOf(field + ".buckets.step", dynamic.buckets.step, 1, limits::kDim);
    }
    if (Check sizes = CheckSizes(field + ".buckets.list", dynamic.buckets.list); !sizes.ok()) {
      return sizes;
    }
    if (Check mapper = PrepareMapper(field + ".mapper", dynamic.mapper); !mapper.ok()) {
      return mapper;
    }
  }
  return Ok();
}

Check CheckConstraints(const OpSpec& spec) {
  for (size_t i = 0; i < spec.constraints.size(); ++i) {
    const Constraint& constraint = spec.constraints[i];
    const std::string field = Indexed("constraints", i, "");
    if (Check place = CheckPlace(spec, field, constraint.input, constraint.dim); !place.ok()) {
      return place;
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
      return InvalidArgument(Indexed("runners", i, "") + " is '" + runner.name + "', id '" +
                             runner.unique_id + "', again; list each runner once");
    }
  }
  return Ok();
}

// The sizes that `buckets` makes of `x`, or how many they would be if more than `most`.
Result<std::vector<int64_t>> BucketSizes(const Buckets& buckets, int64_t x, size_t most) {
  std::vector<int64_t> sizes;
  switch (buckets.rule) {
    case Buckets::Rule::kList:
      return buckets.list;
    case Buckets::Rule::kPowersOfTwo:
    case Buckets::Rule::kLastPowersOfTwo: {
      const bool next = buckets.rule == Buckets::Rule::kPowersOfTwo;
      const int64_t last = next ? NextPowerOfTwo(x) : LastPowerOfTwo(x);
      for (int64_t size = 1; size <= last; size *= 2) sizes.push_back(size);
      return sizes;
    }
    case Buckets::Rule::kMultiples:
      if (x / buckets.step > static_cast<int64_t>(most)) {
        return InvalidArgument("buckets: " + std::to_string(x / buckets.step) +
                               " multiples of step " + std::to_string(buckets.step) + "; at most " +
                               std::to_string(most));
      }
      for (int64_t size = buckets.step; size <= x; size += buckets.step) sizes.push_back(size);
      return sizes;
  }
  return sizes;
}

Shapes OptOf(const std::vector<std::vector<Dim>>& dims) {
  Shapes shapes;
  for (const auto& input : dims) {
    auto& shape = shapes.emplace_back();
    for (const Dim& dim : input) shape.push_back(dim.opt);
  }
  return shapes;
}

// Fills in the constrained dimensions, in order; each sees what the earlier ones gave.
Check Infer(const OpSpec& spec, std::vector<std::vector<Dim>>& dims) {
  for (size_t i = 0; i < spec.constraints.size(); ++i) {
    const Constraint& constraint = spec.constraints[i];
    const Shapes shapes = OptOf(dims);
    if (IsAbsent(shapes[constraint.input])) continue;
    int64_t size = 0;
    try {
      size = constraint.infer(shapes);
    } catch (const std::exception& e) {
      return InvalidArgument(Indexed("constraints", i, ".infer") + " threw: " + e.what());
    } catch (...) {
      return InvalidArgument(Indexed("constraints", i, ".infer") + " threw");
    }
    if (!Within(size, 0, limits::kDim)) {
      return OutOf(Indexed("constraints", i, ".infer"), size, 0, limits::kDim);
    }
    dims[constraint.input][constraint.dim] = Dim::Derived(size);
  }
  return Ok();
}

std::vector<std::vector<Dim>> StaticDims(const Shapes& shapes) {
  std::vector<std::vector<Dim>> dims;
  for (const auto& shape : shapes) {
    auto& input = dims.emplace_back();
    for (int64_t size : shape) input.push_back(Dim::Static(size));
  }
  return dims;
}

// The ranges of one dynamic dimension, ascending: each size stands up to the next one.
Result<std::vector<Dim>> Ranges(const OpSpec& spec, const DynamicDim& dynamic, int64_t current) {
  auto sizes = BucketSizes(dynamic.buckets, spec.tune_max.value_or(current), limits::kProblems);
  if (!sizes.ok()) return sizes.error();
  std::set<int64_t> ordered(sizes->begin(), sizes->end());
  ordered.insert(MapSize(dynamic.mapper, current));
  std::vector<Dim> ranges;
  for (auto it = ordered.begin(); it != ordered.end(); ++it) {
    const auto next = std::next(it);
    ranges.push_back(Dim::Dynamic(*it, *it, next == ordered.end() ? kUnbounded : *next));
  }
  return ranges;
}

}  // namespace

bool IsAbsent(const std::vector<int64_t>& shape) { return shape.size() == 1 && shape[0] == 0; }

Result<OpSpec> PrepareSpec(OpSpec spec) {
  if (Check op = CheckName("op", spec.op); !op.ok()) return op.error();
  if (Check attributes = CheckParameters("attributes", spec.attributes); !attributes.ok()) {
    return attributes.error();
  }
  if (!Within(static_cast<int64_t>(spec.inputs.size()), 1, limits::kInputs)) {
    return OutOf("inputs.size", static_cast<int64_t>(spec.inputs.size()), 1, limits::kInputs);
  }
  if (Check runners = CheckRunners(spec); !runners.ok()) return runners.error();
  if (Check dynamic = PrepareDynamic(spec); !dynamic.ok()) return dynamic.error();
  if (Check constraints = CheckConstraints(spec); !constraints.ok()) return constraints.error();
  if (spec.tune_max && !Within(*spec.tune_max, 1, limits::kDim)) {
    return OutOf("tune_max", *spec.tune_max, 1, limits::kDim);
  }
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
    if (Check sizes = CheckSizes(Indexed("shapes", i, ""), shapes[i]); !sizes.ok()) return sizes;
  }
  const auto there = [&](int input, int dim) {
    return IsAbsent(shapes[input]) || dim < static_cast<int>(shapes[input].size());
  };
  for (const DynamicDim& dynamic : spec.dynamic) {
    if (!there(dynamic.input, dynamic.dim)) {
      return InvalidArgument(Indexed("shapes", dynamic.input, "") + " has rank " +
                             std::to_string(shapes[dynamic.input].size()) +
                             "; its dynamic dim is " + std::to_string(dynamic.dim));
    }
  }
  for (const Constraint& constraint : spec.constraints) {
    if (!there(constraint.input, constraint.dim)) {
      return InvalidArgument(Indexed("shapes", constraint.input, "") + " has rank " +
                             std::to_string(shapes[constraint.input].size()) +
                             "; its constrained dim is " + std::to_string(constraint.dim));
    }
  }
  return Ok();
}

Shapes KeyOf(const OpSpec& spec, const Shapes& shapes) {
  Shapes key = shapes;
  for (const DynamicDim& dynamic : spec.dynamic) {
    if (IsAbsent(shapes[dynamic.input])) continue;
    int64_t& size = key[dynamic.input][dynamic.dim];
    size = std::min(MapSize(dynamic.mapper, size), spec.tune_max.value_or(kUnbounded));
  }
  for (const Constraint& constraint : spec.constraints) {
    if (!IsAbsent(shapes[constraint.input])) key[constraint.input][constraint.dim] = -1;
  }
  return key;
}

Result<std::vector<Profile>> ProfilesOf(const OpSpec& spec, const Shapes& shapes) {
  std::vector<std::vector<std::vector<Dim>>> grid = {StaticDims(shapes)};
  for (const DynamicDim& dynamic : spec.dynamic) {
    if (IsAbsent(shapes[dynamic.input])) continue;
    auto ranges = Ranges(spec, dynamic, shapes[dynamic.input][dynamic.dim]);
    if (!ranges.ok()) return ranges.error();
    if (grid.size() * ranges->size() > limits::kProblems) {
      return InvalidArgument("dynamic: the buckets make more than " +
                             std::to_string(limits::kProblems) +
                             " profiles; use fewer buckets or a smaller tune_max");
    }
    std::vector<std::vector<std::vector<Dim>>> product;
    for (const auto& point : grid) {
      for (const Dim& range : *ranges) {
        product.push_back(point);
        product.back()[dynamic.input][dynamic.dim] = range;
      }
    }
    grid = std::move(product);
  }
  std::vector<Profile> profiles;
  for (auto& dims : grid) {
    if (Check inferred = Infer(spec, dims); !inferred.ok()) return inferred.error();
    Shapes key = KeyOf(spec, OptOf(dims));
    profiles.push_back({std::move(dims), std::move(key)});
  }
  return profiles;
}

Result<Problem> ProblemFor(const OpSpec& spec, const Shapes& shapes, const Shapes& key,
                           const Profile* ranges) {
  std::vector<std::vector<Dim>> dims = StaticDims(shapes);
  for (size_t i = 0; i < dims.size(); ++i) {
    for (size_t d = 0; d < dims[i].size(); ++d) {
      const int64_t size = key[i][d];
      if (size < 0) continue;  // Constrained: inferred below.
      const Dim range = ranges ? ranges->dims[i][d] : Dim::Static(size);
      dims[i][d] = Dim::Dynamic(std::min(range.min, size), size, std::max(range.max, size));
    }
  }
  if (Check inferred = Infer(spec, dims); !inferred.ok()) return inferred.error();
  Problem problem{spec.op, spec.attributes, {}};
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool absent = IsAbsent(shapes[i]);
    problem.inputs.push_back({absent ? DType::kAbsent : spec.inputs[i].dtype,
                              absent ? Layout::kRowMajor : spec.inputs[i].layout,
                              std::move(dims[i])});
  }
  if (Check problem_ok = CheckProblem("shapes: ", problem); !problem_ok.ok()) {
    return problem_ok.error();
  }
  return problem;
}

}  // namespace tactic::cache_internal
