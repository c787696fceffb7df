// What parsing a request of any kind needs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/core/status.h"
#include "tactic/model/result.h"

namespace tactic {

inline absl::Status OutOfBounds(const std::string& field, uint64_t value, uint64_t least,
                                uint64_t most) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value, " is out of bounds; must be ", least, " .. ", most));
}

inline absl::Status ToStatus(const Check& check) {
  return check.ok() ? absl::OkStatus() : ToStatus(check.error());
}

template <typename T>
absl::StatusOr<T> ToStatusOr(Result<T> result) {
  if (!result.ok()) return ToStatus(result.error());
  return *std::move(result);
}

// Who asks: at most limits::kClientBytes of printable UTF-8.
absl::Status CheckClient(const std::string& client);

}  // namespace tactic
