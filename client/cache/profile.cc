#include "client/cache/profile.h"

#include <exception>
#include <set>
#include <string>
#include <utility>

#include "client/cache/field_errors.h"

namespace tactic::cache_internal {
namespace {

using Dims = std::vector<std::vector<Dim>>;  // Of all inputs.

// What `function` gives, or that it threw, called `field`.
template <typename Function>
auto Call(const std::string& field, const Function& function) -> Result<decltype(function())> {
  try {
    return function();
  } catch (const std::exception& e) {
    return InvalidArgument(field + " threw: " + e.what());
  } catch (...) {
    return InvalidArgument(field + " threw");
  }
}

Result<int64_t> Mapped(const OpSpec& spec, size_t dynamic, int64_t x) {
  const Mapper& mapper = spec.dynamic[dynamic].mapper;
  if (mapper.rule != Mapper::Rule::kFunction) return MapSize(mapper, x);
  const std::string field = Indexed("dynamic", dynamic, ".mapper.map(") + std::to_string(x) + ")";
  auto mapped = Call(field, [&] { return mapper.map(x); });
  if (mapped.ok() && *mapped < 0) {
    return InvalidArgument(field + " is " + std::to_string(*mapped) + "; must be 0 or more");
  }
  return mapped;
}

Error TooManySizes(int64_t x, size_t most) {
  return InvalidArgument("buckets: more than " + std::to_string(most) + " sizes up to " +
                         std::to_string(x) + "; use a larger step or a smaller tune_max");
}

std::vector<int64_t> PowersOfTwo(int64_t last) {
  std::vector<int64_t> sizes;
  for (int64_t size = 1; size <= last && size < kLargestPowerOfTwo; size *= 2) {
    sizes.push_back(size);
  }
  return sizes;
}

Result<std::vector<int64_t>> Multiples(int64_t step, int64_t x, size_t most) {
  if (x / step > static_cast<int64_t>(most)) return TooManySizes(x, most);
  std::vector<int64_t> sizes;
  for (int64_t size = step; size <= x; size += step) sizes.push_back(size);
  return sizes;
}

Result<std::vector<int64_t>> Made(const Buckets& buckets, int64_t x, size_t most) {
  const std::string field = "buckets.make(" + std::to_string(x) + ")";
  auto sizes = Call(field, [&] { return buckets.make(x); });
  if (!sizes.ok()) return sizes;
  if (sizes->size() > most) return TooManySizes(x, most);
  for (size_t i = 0; i < sizes->size(); ++i) {
    const int64_t size = (*sizes)[i];
    if (!Within(size, 0, limits::kDim)) return OutOf(Indexed(field, i), size, 0, limits::kDim);
  }
  return sizes;
}

Shapes OptOf(const Dims& dims) {
  Shapes shapes;
  for (const auto& input : dims) {
    auto& shape = shapes.emplace_back();
    for (const Dim& dim : input) shape.push_back(dim.opt);
  }
  return shapes;
}

Dims StaticDims(const Shapes& shapes) {
  Dims dims;
  for (const auto& shape : shapes) {
    auto& input = dims.emplace_back();
    for (int64_t size : shape) input.push_back(Dim::Static(size));
  }
  return dims;
}

// Whether shapes like these have the dimension. In kStrict an absent input has none; in kAncestor
// it is one of size 0.
bool Has(const OpSpec& spec, const std::vector<int64_t>& shape, int dim) {
  if (spec.dialect == Dialect::kStrict && IsAbsent(shape)) return false;
  return dim < static_cast<int>(shape.size());
}

// Fills in the constrained dimensions, in order; each sees what the earlier ones gave.
Check Infer(const OpSpec& spec, Dims& dims) {
  static const std::vector<Dim> kAbsent = {Dim::Static(0)};
  for (size_t i = 0; i < spec.constraints.size(); ++i) {
    const Constraint& constraint = spec.constraints[i];
    std::vector<Dim>& input = dims[constraint.input];
    if (input == kAbsent || constraint.dim >= static_cast<int>(input.size())) continue;
    const std::string field = Indexed("constraints", i, ".infer");
    const auto size = Call(field, [&] { return constraint.infer(OptOf(dims)); });
    if (!size.ok()) return size.error();
    if (spec.dialect == Dialect::kStrict && !Within(*size, 0, limits::kDim)) {
      return OutOf(field, *size, 0, limits::kDim);
    }
    input[constraint.dim] = Dim::Derived(*size);
  }
  return Ok();
}

// The ranges of one dynamic dimension, ascending: each size stands up to the next one.
Result<std::vector<Dim>> Ranges(const OpSpec& spec, size_t dynamic, int64_t current, size_t most) {
  const Buckets& buckets = spec.dynamic[dynamic].buckets;
  auto sizes = BucketSizes(buckets, spec.tune_max.value_or(current), most);
  if (!sizes.ok()) {
    return InvalidArgument(Indexed("dynamic", dynamic, ".") + sizes.error().message);
  }
  const auto mapped = Mapped(spec, dynamic, current);
  if (!mapped.ok()) return mapped.error();
  std::set<int64_t> ordered(sizes->begin(), sizes->end());
  ordered.insert(*mapped);
  std::vector<Dim> ranges;
  for (auto it = ordered.begin(); it != ordered.end(); ++it) {
    const auto next = std::next(it);
    ranges.push_back(Dim::Dynamic(*it, *it, next == ordered.end() ? kUnbounded : *next));
  }
  return ranges;
}

// Every combination of the ranges, the last dynamic dimension fastest.
Result<std::vector<Dims>> Grid(const OpSpec& spec, const Shapes& shapes, size_t most) {
  std::vector<Dims> grid = {StaticDims(shapes)};
  for (size_t i = 0; i < spec.dynamic.size(); ++i) {
    const auto& [input, dim, buckets, mapper] = spec.dynamic[i];
    if (!Has(spec, shapes[input], dim)) continue;
    auto ranges = Ranges(spec, i, shapes[input][dim], most);
    if (!ranges.ok()) return ranges.error();
    if (grid.size() * ranges->size() > most) {
      return InvalidArgument("dynamic: the buckets make more than " + std::to_string(most) +
                             " profiles; use fewer buckets or a smaller tune_max");
    }
    std::vector<Dims> product;
    for (const Dims& point : grid) {
      for (const Dim& range : *ranges) {
        product.push_back(point);
        product.back()[input][dim] = range;
      }
    }
    grid = std::move(product);
  }
  return grid;
}

}  // namespace

std::optional<int64_t> TryMapSize(const Mapper& mapper, int64_t x) noexcept {
  if (mapper.rule != Mapper::Rule::kFunction) return MapSize(mapper, x);
  try {
    const int64_t mapped = mapper.map(x);
    return mapped < 0 ? std::nullopt : std::optional(mapped);
  } catch (...) {
    return std::nullopt;
  }
}

Result<std::vector<int64_t>> BucketSizes(const Buckets& buckets, int64_t x, size_t most) {
  switch (buckets.rule) {
    case Buckets::Rule::kList:
      break;
    case Buckets::Rule::kPowersOfTwo:
      return PowersOfTwo(NextPowerOfTwo(x));
    case Buckets::Rule::kLastPowersOfTwo:
      return PowersOfTwo(LastPowerOfTwo(x));
    case Buckets::Rule::kMultiples:
      return Multiples(buckets.step, x, most);
    case Buckets::Rule::kFunction:
      return Made(buckets, x, most);
  }
  return buckets.list;
}

Result<Shapes> KeyOf(const OpSpec& spec, const Shapes& shapes) {
  Shapes key = shapes;
  for (size_t i = 0; i < spec.dynamic.size(); ++i) {
    const auto& [input, dim, buckets, mapper] = spec.dynamic[i];
    if (!Has(spec, shapes[input], dim)) continue;
    const auto mapped = Mapped(spec, i, key[input][dim]);
    if (!mapped.ok()) return mapped.error();
    key[input][dim] = std::min(*mapped, spec.tune_max.value_or(kUnbounded));
  }
  for (const Constraint& constraint : spec.constraints) {
    std::vector<int64_t>& shape = key[constraint.input];
    if (IsAbsent(shape) || constraint.dim >= static_cast<int>(shape.size())) continue;
    shape[constraint.dim] = -1;
  }
  return key;
}

Result<std::vector<Profile>> ProfilesOf(const OpSpec& spec, const Shapes& shapes, size_t most) {
  auto grid = Grid(spec, shapes, most);
  if (!grid.ok()) return grid.error();
  std::vector<Profile> profiles;
  for (Dims& dims : *grid) {
    const Shapes before = OptOf(dims);
    if (Check inferred = Infer(spec, dims); !inferred.ok()) return inferred.error();
    // The ancestor takes an input whose only size is inferred to be 0 for an absent one.
    auto key = KeyOf(spec, spec.dialect == Dialect::kAncestor ? OptOf(dims) : before);
    if (!key.ok()) return key.error();
    profiles.push_back({std::move(dims), std::move(key).value()});
  }
  return profiles;
}

Result<Problem> ProblemFor(const OpSpec& spec, const Shapes& shapes, const Shapes& key,
                           const Profile* ranges) {
  Dims dims = StaticDims(shapes);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (IsAbsent(shapes[i])) continue;
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
