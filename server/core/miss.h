// Calls that programs reported because no decision answered them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tactic/model/key.h"
#include "tactic/model/problem.h"

namespace tactic {

struct MissedCall {
  Key key;        // Of the profile that the call stands for.
  Shapes shapes;  // The call itself: its real sizes.
  uint64_t count = 0;
  int64_t first_unix_ms = 0;  // When it was reported, first and last.
  int64_t last_unix_ms = 0;
  bool operator==(const MissedCall&) const = default;
};

namespace limits {
inline constexpr size_t kStoredMisses = 4096;  // Distinct calls that a store keeps.
}  // namespace limits

}  // namespace tactic
