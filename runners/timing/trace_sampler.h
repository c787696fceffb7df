// Recorded timings as a sampler, so that the race is tested and measured on a real device's
// behaviour with no device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <span>
#include <string>
#include <vector>

#include "runners/timing/sampler.h"
#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::timing {

// One candidate: its configuration and its samples, of which number r belongs to round r.
struct TraceRow {
  Tactic configuration;
  std::vector<float> samples_us;
};

struct TraceProblem {
  std::string mode;  // Cache state: "cold", "warm".
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  std::vector<TraceRow> rows;  // By candidate.
};

// Reads comma-separated text, one row a candidate, rows of a problem together:
// mode,m,n,k,candidate,algo_id,tile,stages,splitk,swizzle,custom,cluster,workspace,samples_us…
// A first row that starts with "mode," is a header. InvalidArgument names the line, what is wrong
// with it and what was expected: a number where text is, candidates out of order, a time that is
// not above 0, no samples, no rows, over 4096 candidates a problem, a line over 1 MiB.
Result<std::vector<TraceProblem>> ReadTrace(std::istream& text);

// Which of the recorded rounds are served: first, first + stride… Cross-fitting serves every other
// round and judges by the rest, so that a lucky sample is not taken for a fast candidate.
struct TraceOptions {
  size_t first = 0;
  size_t stride = 1;
};

// Serves the samples of one problem round by round: the screening pass takes the first served
// round, each Round() the next. A row that has run out starts again. Single-threaded; `problem`
// outlives it.
class TraceSampler : public Sampler {
 public:
  TraceSampler(const TraceProblem& problem, TraceOptions options);

  // Costs two launches: one that would have been validated, one that is timed.
  Observation Screen(int candidate) override;
  std::vector<Observation> Round(std::span<const int> candidates) override;

  double spent_ns() const { return spent_ns_; }  // On all launches so far.

 private:
  Observation Serve(int candidate, size_t round, double launches);

  const TraceProblem& problem_;
  TraceOptions options_;
  size_t round_ = 0;
  double spent_ns_ = 0;
};

}  // namespace tactic::timing
