// Values for tests that need some: valid, and with every field set to something that is not its
// default, so that a field that is lost shows. Deterministic: the same call gives the same value.
#pragma once

#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/op_schema.h"

namespace tactic::testing {

// gemm: a [m,k], b [k,n], f32 or f16, b in either layout and a weight; attributes alpha = 1.0 and
// epilogue = "none".
OpSchema GemmSchema();

// m x 2048 by 2048 x 512, f32; m is dynamic in [1, 4096].
Problem GemmProblem(int64_t m = 16);

// Host, 8 cores, two components.
Environment SampleEnvironment();

// Keys of different variants differ in the size of m, which is 1 + variant.
Key SampleKey(int variant = 0);

// Variant 0 is the default of host_blocked, 1 and up are tactics of it; -1 is the default of
// another runner, openblas.
Candidate SampleCandidate(int variant = 0);

// Two runners ranked; id and revision are 0, as before it is stored.
Decision SampleDecision(const Key& key);
Decision SampleDecision(int variant = 0);

// Trials of candidates 0 .. `measured`-1, one eliminated and one of each outcome that is a failure.
// No decision id.
Evidence SampleEvidence(int measured = 3);

}  // namespace tactic::testing
