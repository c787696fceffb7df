// What runners are told by the environment of the process that measures.
#pragma once

#include <cstddef>

namespace tactic::sdk {

// How many candidates a problem is to have, by the environment variable `name`: 1 or more, of which
// limits::kCandidates are taken at most. `usual` where it is not set, and where it is something
// else, which standard error is then told.
size_t CandidatesFromEnvironment(const char* name, size_t usual);

}  // namespace tactic::sdk
