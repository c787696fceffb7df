// Checked reading of what a C program gives: numbers that stand for something, arrays.
#pragma once

#include <cstdint>
#include <string>

#include "tactic/model/result.h"

namespace tactic::c {

// Sets `to` to the value of number `from`, which is `last` at the most.
template <typename T>
Check ReadNumber(const std::string& field, int32_t from, T last, T& to) {
  if (from < 0 || from > static_cast<int32_t>(last)) {
    return InvalidArgument(field + " is " + std::to_string(from) + "; must be 0 to " +
                           std::to_string(static_cast<int>(last)));
  }
  to = static_cast<T>(from);
  return Ok();
}

// At most `most` items, and there if there are any.
template <typename T>
Check CheckArray(const std::string& field, const T* items, size_t count, size_t most) {
  if (count > most) {
    return InvalidArgument(field + ": " + std::to_string(count) + " of them; at most " +
                           std::to_string(most));
  }
  if (count > 0 && items == nullptr) return InvalidArgument(field + " is NULL");
  return Ok();
}

}  // namespace tactic::c
