#include "tactic/model/op_schema.h"

#include <algorithm>
#include <iterator>

#include "proto/model/text.h"

namespace tactic {
namespace {

using internal::Field;
using internal::OutOfBounds;
using internal::Quote;

// "m, k, n"; "none" when empty.
std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

template <typename Range, typename F>
std::string ListedBy(const Range& range, F&& name_of) {
  std::vector<std::string> names;
  names.reserve(range.size());
  for (const auto& item : range) names.emplace_back(name_of(item));
  return Listed(names);
}

std::string InputNames(const OpSchema& schema) {
  return ListedBy(schema.inputs, [](const InputSchema& input) { return input.name; });
}

std::string AttributeNames(const OpSchema& schema) {
  return ListedBy(schema.attributes, [](const AttributeSchema& a) { return a.name; });
}

const AttributeSchema* FindAttribute(const OpSchema& schema, std::string_view name) {
  for (const AttributeSchema& attribute : schema.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

bool HasInput(const OpSchema& schema, std::string_view name) {
  return std::any_of(schema.inputs.begin(), schema.inputs.end(),
                     [name](const InputSchema& input) { return input.name == name; });
}

const char* TypeName(const Value& value) {
  constexpr const char* kNames[] = {"int", "bool", "double", "string", "list", "parameters"};
  static_assert(std::size(kNames) == std::variant_size_v<Value>);
  return kNames[value.index()];
}

template <typename T>
bool Contains(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Whether `names` holds an entry twice; Error names the field.
Check CheckNamesOnce(const std::string& field, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return Ok();
  return InvalidArgument(field + ": " + Quote(*twice) + " is there twice; each name once");
}

Check CheckInputSchema(const std::string& field, const InputSchema& input) {
  if (Check name = CheckName(field + ".name", input.name); !name.ok()) return name;
  if (input.dims.size() > limits::kRank) {
    return OutOfBounds(Field(Field(field), ".dims: rank"), input.dims.size(), 0, limits::kRank);
  }
  for (const std::string& dim : input.dims) {
    if (Check name = CheckName(field + ".dims", dim); !name.ok()) return name;
  }
  if (input.dtypes.empty() || input.layouts.empty()) {
    return InvalidArgument(field + (input.dtypes.empty() ? ".dtypes" : ".layouts") +
                           ": empty; must list what is accepted, the default first");
  }
  return Ok();
}

Check CheckTypes(const OpSchema& schema, const Problem& problem) {
  std::optional<DType> shared;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const InputSchema& expected = schema.inputs[i];
    const Tensor& input = problem.inputs[i];
    const std::string field = "inputs[" + std::to_string(i) + "] (" + expected.name + ")";
    const auto name_of = [](auto value) { return std::string(Name(value)); };
    if (!Contains(expected.dtypes, input.dtype)) {
      return InvalidArgument(field + ".dtype: " + name_of(input.dtype) + "; " + schema.op +
                             " accepts " + ListedBy(expected.dtypes, name_of));
    }
    if (input.dtype == DType::kAbsent) continue;
    if (!expected.own_dtype && shared && *shared != input.dtype) {
      return InvalidArgument(field + ".dtype: " + name_of(input.dtype) +
                             ", but an input before it is " + name_of(*shared) +
                             "; all inputs of " + schema.op + " share one dtype");
    }
    if (!expected.own_dtype) shared = input.dtype;
    if (!Contains(expected.layouts, input.layout)) {
      return InvalidArgument(field + ".layout: " + name_of(input.layout) + "; " + schema.op +
                             " accepts " + ListedBy(expected.layouts, name_of));
    }
  }
  return Ok();
}

Check CheckShapes(const OpSchema& schema, const Problem& problem) {
  std::map<std::string, int64_t> sizes;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const InputSchema& expected = schema.inputs[i];
    const Tensor& input = problem.inputs[i];
    if (input.dtype == DType::kAbsent) continue;
    const std::string field = "inputs[" + std::to_string(i) + "] (" + expected.name + ").dims";
    if (input.dims.size() != expected.dims.size()) {
      return InvalidArgument(field + ": rank is " + std::to_string(input.dims.size()) + "; " +
                             schema.op + " takes " + std::to_string(expected.dims.size()) + " (" +
                             Listed(expected.dims) + ")");
    }
    for (size_t d = 0; d < expected.dims.size(); ++d) {
      const auto [at, added] = sizes.emplace(expected.dims[d], input.dims[d].opt);
      if (!added && at->second != input.dims[d].opt) {
        return InvalidArgument(field + "[" + std::to_string(d) + "]: dimension " +
                               expected.dims[d] + " is " + std::to_string(input.dims[d].opt) +
                               " here and " + std::to_string(at->second) +
                               " before; must be equal");
      }
    }
  }
  return Ok();
}

Check CheckAttributes(const OpSchema& schema, const Parameters& attributes) {
  for (const Parameter& attribute : attributes.items()) {
    const AttributeSchema* expected = FindAttribute(schema, attribute.name);
    if (expected == nullptr) {
      return InvalidArgument("attributes: unknown attribute " + Quote(attribute.name) + "; " +
                             schema.op + " has " + AttributeNames(schema));
    }
    if (expected->default_value.index() != attribute.value.index()) {
      return InvalidArgument("attributes[" + attribute.name + "]: " + ToText(attribute.value) +
                             " is " + TypeName(attribute.value) + "; must be " +
                             TypeName(expected->default_value));
    }
  }
  return Ok();
}

// Whether what the caller named is known: dimensions, inputs.
Check CheckKnown(const OpSchema& schema, const std::map<std::string, int64_t>& sizes,
                 const std::map<std::string, Layout>& layouts) {
  const std::vector<std::string> dims = DimNames(schema);
  for (const auto& [name, size] : sizes) {
    if (!Contains(dims, name)) {
      return InvalidArgument("unknown dimension " + Quote(name) + "; " + schema.op + " has " +
                             Listed(dims));
    }
  }
  for (const std::string& name : dims) {
    if (!sizes.contains(name)) {
      return InvalidArgument("dimension " + name + " is missing; " + schema.op + " needs " +
                             Listed(dims));
    }
  }
  for (const auto& [name, layout] : layouts) {
    if (!HasInput(schema, name)) {
      return InvalidArgument("layout of unknown input " + Quote(name) + "; " + schema.op + " has " +
                             InputNames(schema));
    }
  }
  return Ok();
}

}  // namespace

Check CheckSchema(std::string_view field, const OpSchema& schema) {
  const std::string prefix(field);
  if (Check op = CheckName(prefix + "op", schema.op); !op.ok()) return op;
  if (schema.inputs.size() > limits::kInputs) {
    return OutOfBounds(Field(Field(prefix), "inputs: count"), schema.inputs.size(), 0,
                       limits::kInputs);
  }
  if (schema.attributes.size() > limits::kParameters) {
    return OutOfBounds(Field(Field(prefix), "attributes: count"), schema.attributes.size(), 0,
                       limits::kParameters);
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    Check input = CheckInputSchema(prefix + "inputs[" + std::to_string(i) + "]", schema.inputs[i]);
    if (!input.ok()) return input;
    names.push_back(schema.inputs[i].name);
  }
  if (Check once = CheckNamesOnce(prefix + "inputs", names); !once.ok()) return once;
  names.clear();
  Parameters defaults;
  for (const AttributeSchema& attribute : schema.attributes) {
    names.push_back(attribute.name);
    defaults.Set(attribute.name, attribute.default_value);
  }
  if (Check once = CheckNamesOnce(prefix + "attributes", names); !once.ok()) return once;
  return CheckParameters(prefix + "attributes", defaults);
}

std::vector<std::string> DimNames(const OpSchema& schema) {
  std::vector<std::string> names;
  for (const InputSchema& input : schema.inputs) {
    for (const std::string& dim : input.dims) {
      if (!Contains(names, dim)) names.push_back(dim);
    }
  }
  return names;
}

Check CheckAgainst(const OpSchema& schema, const Problem& problem) {
  if (problem.op != schema.op) {
    return InvalidArgument("op: " + Quote(problem.op) + "; must be " + schema.op);
  }
  if (problem.inputs.size() != schema.inputs.size()) {
    return InvalidArgument("inputs: count is " + std::to_string(problem.inputs.size()) + "; " +
                           schema.op + " takes " + std::to_string(schema.inputs.size()) + " (" +
                           InputNames(schema) + ")");
  }
  Check check = CheckTypes(schema, problem);
  if (check.ok()) check = CheckShapes(schema, problem);
  if (check.ok()) check = CheckAttributes(schema, problem.attributes);
  return check;
}

void FillDefaults(const OpSchema& schema, Problem& problem) {
  for (const AttributeSchema& attribute : schema.attributes) {
    if (problem.attributes.Find(attribute.name) == nullptr) {
      problem.attributes.Set(attribute.name, attribute.default_value);
    }
  }
}

Result<Problem> MakeProblem(const OpSchema& schema, const std::map<std::string, int64_t>& sizes,
                            std::optional<DType> dtype,
                            const std::map<std::string, Layout>& layouts,
                            const Parameters& attributes) {
  if (const Check known = CheckKnown(schema, sizes, layouts); !known.ok()) return known.error();
  Problem problem{schema.op, attributes, {}};
  for (const InputSchema& input : schema.inputs) {
    Tensor tensor;
    tensor.dtype = input.own_dtype ? input.dtypes.front() : dtype.value_or(input.dtypes.front());
    const auto layout = layouts.find(input.name);
    tensor.layout = layout == layouts.end() ? input.layouts.front() : layout->second;
    for (const std::string& dim : input.dims) tensor.dims.push_back(Dim::Static(sizes.at(dim)));
    problem.inputs.push_back(std::move(tensor));
  }
  FillDefaults(schema, problem);
  Check check = CheckProblem("", problem);
  if (check.ok()) check = CheckAgainst(schema, problem);
  if (!check.ok()) return check.error();
  return problem;
}

std::map<std::string, int64_t> SizesByName(const OpSchema& schema, const Problem& problem) {
  std::map<std::string, int64_t> sizes;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const Tensor& input = problem.inputs[i];
    if (input.dtype == DType::kAbsent) continue;
    for (size_t d = 0; d < schema.inputs[i].dims.size(); ++d) {
      sizes.emplace(schema.inputs[i].dims[d], input.dims[d].opt);
    }
  }
  return sizes;
}

}  // namespace tactic
