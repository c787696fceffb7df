// What a call is answered with.
#pragma once

#include <cstdint>

#include "tactic/model/parameters.h"

namespace tactic::cache_internal {

// What a key is answered with.
struct Entry {
  static constexpr int16_t kNoRunner = -1;  // A decision, but nothing that the caller can run.

  const Parameters* chosen = nullptr;  // nullptr: the default tactic.
  uint64_t decision_id = 0;
  int16_t runner = kNoRunner;
};

}  // namespace tactic::cache_internal
