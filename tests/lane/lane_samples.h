// Problems for the tests of the lane.
#pragma once

#include "server/core/lane.h"
#include "tests/support/contest_samples.h"

namespace tactic::testing {

// Of op echo, one input of n elements.
ContestSpec EchoSpec(const Parameters& attributes = {}, int64_t n = 256);

}  // namespace tactic::testing
