// Python literals: what repr() writes for plain values and ast.literal_eval() reads. Other
// autotuners keep their keys and tactics so.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tactic/model/result.h"

namespace tactic::interop {

struct PyValue;
struct PyNone {};
struct PyTuple {
  std::vector<PyValue> items;
};
struct PyList {
  std::vector<PyValue> items;
};
struct PyDict {
  std::vector<std::pair<PyValue, PyValue>> items;  // In the order written; keys as they come.
};

// A value like any other. What copies and destroys it is not inline: inlined, it makes the compiler
// see members in use that are not there.
struct PyValue {
  PyValue();  // None.
  template <typename T>
  requires(!std::same_as<T, PyValue>) PyValue(T v)
      : value(std::move(v)) {}  // NOLINT: implicit, so that values can be listed.
  PyValue(const PyValue& other);
  PyValue(PyValue&& other) noexcept;
  PyValue& operator=(const PyValue& other);
  PyValue& operator=(PyValue&& other) noexcept;
  ~PyValue();

  std::variant<PyNone, bool, int64_t, double, std::string, PyTuple, PyList, PyDict> value;
};
bool operator==(const PyValue& a, const PyValue& b);  // Types count: 1 is neither True nor 1.0.

// None, True, False, integers of 64 bits, finite floats, strings in either quotes with their
// escapes, tuples, lists, dicts; blanks between them. InvalidArgument names the byte and what was
// expected. Takes any bytes; at most 1 MiB, nested at most 64 deep.
Result<PyValue> ParsePythonLiteral(std::string_view text);

// As repr() writes it. Parses back to an equal value.
std::string ToPythonLiteral(const PyValue& value);

}  // namespace tactic::interop
