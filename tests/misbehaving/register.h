// Op `echo` (y = x, f32[n]) and its runner `misbehaving`, for tests of the lane. Attributes of the
// problem say what its tactics do:
//   good       how many well-behaved tactics there are; the first is the fastest.
//   acts       names of acts (acts.h), separated by commas: one tactic each, in this order, before
//              the well-behaved ones. `reference` and `list` among them crash the op's reference,
//              or the listing of tactics.
//   directory  where acts keep what outlives a worker.
//   default    whether the default tactic can be prepared; it is well-behaved and slow.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic::misbehaving {

void Register(sdk::Registry& registry);

}  // namespace tactic::misbehaving
