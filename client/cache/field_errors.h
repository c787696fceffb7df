// Messages of the checks: the field, its value, the bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tactic/model/result.h"

namespace tactic::cache_internal {

// "list[3].field"
inline std::string Indexed(std::string_view list, size_t index, std::string_view field = "") {
  return std::string(list) + "[" + std::to_string(index) + "]" + std::string(field);
}

inline bool Within(int64_t value, int64_t low, int64_t high) {
  return low <= value && value <= high;
}

inline Error OutOf(const std::string& field, int64_t value, int64_t low, int64_t high) {
  return InvalidArgument(field + " is " + std::to_string(value) + "; must be " +
                         std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace tactic::cache_internal
