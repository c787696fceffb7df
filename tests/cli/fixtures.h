// A small gemm and values of it, for the tests of what the command line shows.
#pragma once

#include <cstdint>
#include <string>

#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/model/op_schema.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// a[m,k] b[k,n] of f32 or f64, b also column-major, attribute alpha = 1.0.
OpSchema GemmSchema();
// Knows gemm.
Schemas GemmSchemas();
Problem Gemm(int64_t m, int64_t n, int64_t k);
// "host_blocked" with the tactic kc=`kc`, or its default.
Candidate Blocked(int64_t kc);
Candidate BlockedDefault();
// Chose Blocked(256) at 100 µs, with the default at 150 µs.
Decision GemmDecision(uint64_t id, const Problem& problem);
// A running job on `problems` contests of gemm with m = 1, 2, …, all queued.
v1::Job GemmJob(int problems);

}  // namespace tactic::cli
