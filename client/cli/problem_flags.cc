#include "client/cli/problem_flags.h"

#include <algorithm>
#include <map>
#include <utility>

#include "client/cli/spec.h"
#include "tactic/model/problem.h"

namespace tactic::cli {
namespace {

Error In(const std::string& flag, const Error& error) {
  return {error.code, flag + ": " + error.message};
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

Result<std::optional<DType>> ParseType(const OpSchema& schema, const std::string& flag) {
  if (flag.empty()) return std::optional<DType>();
  if (const std::optional<DType> dtype = ParseDType(flag)) return dtype;
  std::vector<std::string> known;
  if (!schema.inputs.empty()) {
    for (const DType dtype : schema.inputs[0].dtypes) known.emplace_back(Name(dtype));
  }
  return InvalidArgument("--dtype: unknown type '" + flag + "'; " + schema.op + " accepts " +
                         Joined(known));
}

Result<std::map<std::string, Layout>> ParseLayouts(const std::vector<std::string>& flags) {
  std::map<std::string, Layout> layouts;
  for (const std::string& flag : flags) {
    const auto pair = ParsePair(flag);
    if (!pair.ok()) return In("--layout", pair.error());
    const std::optional<Layout> layout = ParseLayout(pair->second);
    if (!layout) {
      return InvalidArgument("--layout " + flag + ": unknown layout '" + pair->second +
                             "'; row_major or col_major");
    }
    layouts[pair->first] = *layout;
  }
  return layouts;
}

Result<Parameters> ParseAttributes(const OpSchema& schema, const std::vector<std::string>& flags) {
  Parameters attributes;
  for (const std::string& flag : flags) {
    const auto pair = ParsePair(flag);
    if (!pair.ok()) return In("--attr", pair.error());
    std::vector<std::string> known;
    const AttributeSchema* attribute = nullptr;
    for (const AttributeSchema& candidate : schema.attributes) {
      known.push_back(candidate.name);
      if (candidate.name == pair->first) attribute = &candidate;
    }
    if (attribute == nullptr) {
      return InvalidArgument("--attr " + flag + ": " + schema.op + " has no attribute '" +
                             pair->first + "'; it has: " + Joined(known));
    }
    auto value = ParseValueLike(pair->second, attribute->default_value);
    if (!value.ok()) return In("--attr " + pair->first, value.error());
    attributes.Set(pair->first, std::move(value).value());
  }
  return attributes;
}

// The sizes of every problem, by dimension name.
Result<std::vector<std::map<std::string, int64_t>>> ParseSizesOfAll(const OpSchema& schema,
                                                                    const ProblemFlags& flags) {
  const auto dims = ParseNamedSizes(schema, flags.dims);
  if (!dims.ok()) return dims.error();
  if (flags.shapes.empty()) return CartesianProduct(*dims);
  std::vector<std::map<std::string, int64_t>> all;
  for (const std::string& flag : flags.shapes) {
    const auto shape = ParseShape(flag);
    if (!shape.ok()) return In("--shapes", shape.error());
    NamedSizes sizes = *dims;
    for (const auto& [name, size] : *shape) {
      const auto has_name = [&wanted = name](const auto& dim) { return dim.first == wanted; };
      if (std::any_of(dims->begin(), dims->end(), has_name)) {
        return InvalidArgument("--shapes " + flag + " gives " + name + ", and so does --" + name);
      }
      sizes.emplace_back(name, std::vector<int64_t>{size});
    }
    const auto product = CartesianProduct(sizes);
    if (!product.ok()) return product.error();
    all.insert(all.end(), product->begin(), product->end());
  }
  if (all.size() > limits::kProblems) return TooManyProblems();
  return all;
}

}  // namespace

Result<NamedSizes> ParseNamedSizes(const OpSchema& schema, const std::vector<std::string>& flags) {
  const std::vector<std::string> known = DimNames(schema);
  NamedSizes dims;
  for (const std::string& flag : flags) {
    const auto pair = ParsePair(flag);
    if (!pair.ok()) return In("--dim", pair.error());
    const std::string& name = pair->first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return InvalidArgument("unknown flag --" + name + ": " + schema.op +
                             " has no such dimension; it has " + Joined(known) +
                             " (other flags: --help)");
    }
    if (std::any_of(dims.begin(), dims.end(), [&](const auto& d) { return d.first == name; })) {
      return InvalidArgument("--" + name + " is given twice; a list does it: --" + name + " 1,2,8");
    }
    auto sizes = ParseSizes(pair->second);
    if (!sizes.ok()) return In("--" + name, sizes.error());
    dims.emplace_back(name, std::move(sizes).value());
  }
  return dims;
}

Result<std::vector<Problem>> MakeProblems(const OpSchema& schema, const ProblemFlags& flags) {
  const auto sizes = ParseSizesOfAll(schema, flags);
  if (!sizes.ok()) return sizes.error();
  const auto dtype = ParseType(schema, flags.dtype);
  if (!dtype.ok()) return dtype.error();
  const auto layouts = ParseLayouts(flags.layouts);
  if (!layouts.ok()) return layouts.error();
  const auto attributes = ParseAttributes(schema, flags.attributes);
  if (!attributes.ok()) return attributes.error();
  std::vector<Problem> problems;
  for (const auto& one : *sizes) {
    auto problem = MakeProblem(schema, one, *dtype, *layouts, *attributes);
    if (!problem.ok()) return problem.error();
    problems.push_back(std::move(problem).value());
  }
  return problems;
}

Result<MeasurementPolicy> MakePolicy(const ProblemFlags& flags) {
  MeasurementPolicy policy;
  if (!flags.cache.empty()) {
    const std::optional<CacheState> cache = ParseCacheState(flags.cache);
    if (!cache) {
      return InvalidArgument("--policy: unknown policy '" + flags.cache +
                             "'; weights_cold, all_cold or warm");
    }
    policy.cache = *cache;
  }
  if (!flags.budget.empty()) {
    const auto budget = ParseDuration(flags.budget);
    if (!budget.ok()) return In("--budget", budget.error());
    constexpr int64_t kMostMs = 3600000;
    if (*budget < 1000000 || *budget > kMostMs * 1000000) {
      return InvalidArgument("--budget " + flags.budget + " is out of range: 1ms to 1h");
    }
    policy.budget_ms = static_cast<uint32_t>(*budget / 1000000);
  }
  return policy;
}

}  // namespace tactic::cli
