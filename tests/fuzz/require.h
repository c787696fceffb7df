// What a fuzz target demands; a failure ends the process, which the fuzzer reports with the input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tactic::fuzz {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace tactic::fuzz
