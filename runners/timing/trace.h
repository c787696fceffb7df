// Recorded timings of all candidates of some problems, as comma-separated text.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::timing {

// One candidate: its configuration and its samples, of which number r belongs to round r.
struct TraceRow {
  Tactic configuration;
  std::vector<float> samples_us;  // As recorded: a value that is no time is kept.
};

struct TraceProblem {
  std::string mode;  // Cache state: "cold", "warm".
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  std::vector<TraceRow> rows;  // By candidate.
};

// "cold m=1 n=4096 k=4096"
std::string ToText(const TraceProblem& problem);

// One row a candidate, rows of a problem together, candidates in order from 0:
// mode,m,n,k,candidate,algo_id,tile,stages,splitk,swizzle,custom,cluster,workspace,samples_us…
// A first row that starts with "mode," is a header: the columns between "candidate" and
// "samples_us…" are then the settings, by the names that it gives them. Those above are whole
// numbers; with other names they may be text, and empty where the candidate has no such setting. No
// sample at all says that the candidate failed when it was recorded. "nan", "inf", zero and
// negative samples are read: whoever is served one sees a failure. Empty fields at the end of a row
// are padding.
//
// InvalidArgument names the line, the field, what is wrong with it and what was expected: text
// where a number should be, a missing field, candidates out of order, no rows, over 4096 candidates
// a problem, a line over 1 MiB.
Result<std::vector<TraceProblem>> ReadTrace(std::istream& text);

}  // namespace tactic::timing
