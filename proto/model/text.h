// Text of error messages and of what people read, for this library and proto/convert.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tactic/model/problem.h"
#include "tactic/model/result.h"

namespace tactic::internal {

// The name of what is being checked, "problems[3].inputs[0].dims", kept as a chain of parts: checks
// run for every stored key at start, and nearly none fails. Views: the parent and the name must
// outlive it, so it is passed down and never kept.
class Field {
 public:
  explicit Field(std::string_view name) : name_(name) {}
  Field(const Field& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Field(const Field& parent, std::string_view name, size_t index)
      : parent_(&parent), name_(name), index_(index) {}

  std::string Text() const;

 private:
  const Field* parent_ = nullptr;
  std::string_view name_;
  std::optional<size_t> index_;
};

// `text` in quotes, safe to print: cut after 64 bytes, what is not printable ASCII as \xNN.
std::string Quote(std::string_view text);

// "[16,2048]".
std::string ShapeText(const Tensor& tensor);

// "FIELD is VALUE; must be LOW to HIGH".
template <std::integral V, std::integral L, std::integral H>
Error OutOfBounds(const Field& field, V value, L low, H high) {
  return InvalidArgument(field.Text() + " is " + std::to_string(value) + "; must be " +
                         std::to_string(low) + " to " + std::to_string(high));
}

// Printable UTF-8 of `low` to `high` bytes.
Check CheckText(const Field& field, std::string_view text, size_t low, size_t high);

// CheckName and CheckParameters of problem.h.
Check CheckName(const Field& field, std::string_view name);
Check CheckParameters(const Field& field, const Parameters& parameters);

}  // namespace tactic::internal
