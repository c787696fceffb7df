#include "tactic/sdk/environment.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tactic/model/problem.h"

namespace tactic::sdk {

size_t CandidatesFromEnvironment(const char* name, size_t usual) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return usual;
  size_t count = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), count);
  if (error == std::errc{} && *end == '\0' && count > 0) {
    return std::min(count, limits::kCandidates);
  }
  std::fprintf(stderr, "%s is '%s'; it must be 1 to %zu; %zu are taken\n", name, text,
               limits::kCandidates, usual);
  return usual;
}

}  // namespace tactic::sdk
