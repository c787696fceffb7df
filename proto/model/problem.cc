#include "tactic/model/problem.h"

#include <algorithm>
#include <cmath>

#include "proto/model/names.h"
#include "proto/model/text.h"

namespace tactic {
namespace {

using internal::Field;
using internal::NameTable;
using internal::OutOfBounds;
using internal::Quote;

constexpr NameTable<DType, 14> kDTypes = {{{DType::kAbsent, "absent"},
                                           {DType::kF64, "f64"},
                                           {DType::kF32, "f32"},
                                           {DType::kTF32, "tf32"},
                                           {DType::kF16, "f16"},
                                           {DType::kBF16, "bf16"},
                                           {DType::kF8E4M3, "f8e4m3"},
                                           {DType::kF8E5M2, "f8e5m2"},
                                           {DType::kI64, "i64"},
                                           {DType::kI32, "i32"},
                                           {DType::kI16, "i16"},
                                           {DType::kI8, "i8"},
                                           {DType::kU8, "u8"},
                                           {DType::kBool, "bool"}}};
constexpr NameTable<Layout, 2> kLayouts = {
    {{Layout::kRowMajor, "row_major"}, {Layout::kColMajor, "col_major"}}};

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '/' || c == '-';
}

Check CheckDim(const Field& field, const Dim& dim) {
  if (dim.opt < 0 || dim.opt > limits::kDim) {
    return OutOfBounds(Field(field, ".opt"), dim.opt, 0, limits::kDim);
  }
  if (dim.min < 0 || dim.min > dim.opt)
    return OutOfBounds(Field(field, ".min"), dim.min, 0, dim.opt);
  if (dim.max == kUnbounded) return Ok();
  if (dim.max < dim.opt || dim.max > limits::kDim) {
    return OutOfBounds(Field(field, ".max"), dim.max, dim.opt, limits::kDim);
  }
  return Ok();
}

// Sizes of 0 count as 1 here, so that Elements() cannot overflow in whatever order it multiplies.
Check CheckSize(const Field& field, const Tensor& tensor) {
  int64_t bytes = static_cast<int64_t>(SizeOf(tensor.dtype));
  for (const Dim& dim : tensor.dims) {
    const int64_t n = std::max<int64_t>(dim.opt, 1);
    if (bytes > limits::kTensorBytes / n) {
      return InvalidArgument(field.Text() + ": " + internal::ShapeText(tensor) + " of " +
                             std::string(Name(tensor.dtype)) + " is over the limit of " +
                             std::to_string(limits::kTensorBytes) + " bytes a tensor");
    }
    bytes *= n;
  }
  return Ok();
}

Check CheckAbsent(const Field& field, const Tensor& tensor) {
  if (tensor.layout == Layout::kRowMajor && tensor.dims == std::vector<Dim>{Dim::Static(0)}) {
    return Ok();
  }
  return InvalidArgument(field.Text() + ".dims: " + internal::ShapeText(tensor) + " " +
                         std::string(Name(tensor.layout)) +
                         "; an absent input has the shape [0], row_major");
}

Check CheckTensor(const Field& field, const Tensor& tensor) {
  if (internal::NameIn(kDTypes, tensor.dtype) == "unknown") {
    return InvalidArgument(field.Text() + ".dtype: " +
                           std::to_string(static_cast<int>(tensor.dtype)) + " is no dtype");
  }
  if (tensor.dims.size() > limits::kRank) {
    return OutOfBounds(Field(field, ".dims: rank"), tensor.dims.size(), 0, limits::kRank);
  }
  if (tensor.dtype == DType::kAbsent) return CheckAbsent(field, tensor);
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    Check dim = CheckDim(Field(field, ".dims", i), tensor.dims[i]);
    if (!dim.ok()) return dim;
  }
  if (tensor.layout == Layout::kColMajor && tensor.dims.size() < 2) {
    return InvalidArgument(field.Text() + ".layout: col_major needs 2 dimensions, this input has " +
                           std::to_string(tensor.dims.size()));
  }
  return CheckSize(field, tensor);
}

// What of a set of parameters is checked is counted, over all depths.
Check CheckValue(const Field& field, const Value& value, size_t depth, size_t& values);

Check CheckNested(const Field& field, const Parameters& parameters, size_t depth, size_t& values) {
  for (const Parameter& parameter : parameters.items()) {
    Check name = internal::CheckName(Field(field, ": name"), parameter.name);
    if (!name.ok()) return name;
    const Field open(field, "[");
    const Field named(open, parameter.name);
    Check value = CheckValue(Field(named, "]"), parameter.value, depth, values);
    if (!value.ok()) return value;
  }
  return Ok();
}

Check CheckList(const Field& field, const ValueList& list, size_t depth, size_t& values) {
  for (size_t i = 0; i < list.items.size(); ++i) {
    Check value = CheckValue(Field(field, "", i), list.items[i], depth, values);
    if (!value.ok()) return value;
  }
  return Ok();
}

Check CheckValue(const Field& field, const Value& value, size_t depth, size_t& values) {
  if (++values > limits::kValues) {
    return InvalidArgument(field.Text() + " is value " + std::to_string(values) +
                           " of its parameters; must be at most " +
                           std::to_string(limits::kValues) + ", nested ones counted");
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return internal::CheckText(field, *text, 0, limits::kValueBytes);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isfinite(*number)) return Ok();
    return InvalidArgument(field.Text() + ": " + ToText(*number) + " is not a finite number");
  }
  const auto* list = std::get_if<ValueList>(&value);
  const auto* nested = std::get_if<Parameters>(&value);
  if (list == nullptr && nested == nullptr) return Ok();
  if (depth == limits::kValueDepth) {
    return InvalidArgument(field.Text() + " is nested " + std::to_string(depth + 1) +
                           " deep; must be at most " + std::to_string(limits::kValueDepth));
  }
  return list != nullptr ? CheckList(field, *list, depth + 1, values)
                         : CheckNested(field, *nested, depth + 1, values);
}

}  // namespace

std::string_view Name(DType dtype) { return internal::NameIn(kDTypes, dtype); }
std::string_view Name(Layout layout) { return internal::NameIn(kLayouts, layout); }
std::optional<DType> ParseDType(std::string_view name) { return internal::ValueIn(kDTypes, name); }
std::optional<Layout> ParseLayout(std::string_view name) {
  return internal::ValueIn(kLayouts, name);
}

size_t SizeOf(DType dtype) {
  switch (dtype) {
    case DType::kAbsent:
      return 0;
    case DType::kF64:
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kTF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
    case DType::kI16:
      return 2;
    case DType::kF8E4M3:
    case DType::kF8E5M2:
    case DType::kI8:
    case DType::kU8:
    case DType::kBool:
      return 1;
  }
  return 0;
}

int64_t Elements(const Tensor& tensor) {
  if (tensor.dtype == DType::kAbsent) return 0;
  int64_t elements = 1;
  for (const Dim& dim : tensor.dims) elements *= dim.opt;
  return elements;
}

size_t Bytes(const Tensor& tensor) {
  return static_cast<size_t>(Elements(tensor)) * SizeOf(tensor.dtype);
}

std::string ToText(const Problem& problem) {
  std::string text = problem.op;
  for (const Tensor& input : problem.inputs) {
    text += ' ';
    if (input.dtype == DType::kAbsent) {
      text += "absent";
      continue;
    }
    text += std::string(Name(input.dtype)) + internal::ShapeText(input);
    if (input.layout == Layout::kColMajor) text += "^T";
  }
  if (!problem.attributes.empty()) text += ' ' + problem.attributes.ToText();
  return text;
}

Check internal::CheckName(const Field& field, std::string_view name) {
  if (!name.empty() && name.size() <= limits::kNameBytes &&
      std::all_of(name.begin(), name.end(), IsNameByte)) {
    return Ok();
  }
  return InvalidArgument(field.Text() + ": " + Quote(name) + " (" + std::to_string(name.size()) +
                         " bytes); must be 1 to " + std::to_string(limits::kNameBytes) +
                         " of [A-Za-z0-9_.:/-]");
}

Check internal::CheckParameters(const Field& field, const Parameters& parameters) {
  if (parameters.size() > limits::kParameters) {
    return OutOfBounds(Field(field, ": count"), parameters.size(), 0, limits::kParameters);
  }
  size_t values = 0;
  return CheckNested(field, parameters, 0, values);
}

Check CheckName(std::string_view field, std::string_view name) {
  return internal::CheckName(Field(field), name);
}

Check CheckParameters(std::string_view field, const Parameters& parameters) {
  return internal::CheckParameters(Field(field), parameters);
}

Check CheckProblem(std::string_view field, const Problem& problem) {
  const Field prefix(field);
  Check check = internal::CheckName(Field(prefix, "op"), problem.op);
  if (check.ok()) {
    check = internal::CheckParameters(Field(prefix, "attributes"), problem.attributes);
  }
  if (!check.ok()) return check;
  if (problem.inputs.size() > limits::kInputs) {
    return OutOfBounds(Field(prefix, "inputs: count"), problem.inputs.size(), 0, limits::kInputs);
  }
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    check = CheckTensor(Field(prefix, "inputs", i), problem.inputs[i]);
    if (!check.ok()) return check;
  }
  return Ok();
}

Check CheckShapes(std::string_view field, const Shapes& shapes) {
  const Field prefix(field);
  if (shapes.size() > limits::kInputs) {
    return OutOfBounds(Field(prefix, ": count"), shapes.size(), 0, limits::kInputs);
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Field shape(prefix, "", i);
    if (shapes[i].size() > limits::kRank) {
      return OutOfBounds(Field(shape, ": rank"), shapes[i].size(), 0, limits::kRank);
    }
    for (size_t d = 0; d < shapes[i].size(); ++d) {
      const int64_t size = shapes[i][d];
      if (size < 0 || size > limits::kDim) {
        return OutOfBounds(Field(shape, "", d), size, 0, limits::kDim);
      }
    }
  }
  return Ok();
}

}  // namespace tactic
