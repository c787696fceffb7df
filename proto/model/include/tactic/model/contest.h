// What whoever measures a contest tells whoever decides and stores: the worker to its lane, the
// holder of a lease to the daemon. Candidates are indices in the contest's list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic {

// What one step gave of one candidate.
struct CandidateResult {
  uint32_t candidate = 0;
  Outcome outcome = Outcome::kMeasured;  // kMeasured: `nanoseconds` holds a time.
  double nanoseconds = 0;
  std::string detail;  // Why it failed.
  bool operator==(const CandidateResult&) const = default;
};

// What a race decided. The last three have one entry a candidate, in the list's order.
struct ContestVerdict {
  std::vector<uint32_t> order;  // Valid candidates, the pick first. Empty: none was valid.
  Reason reason = Reason::kClear;
  uint32_t tied = 0;
  std::vector<Outcome> outcomes;
  std::vector<double> low_ns;  // 95 % interval of the median, 0 = no sample.
  std::vector<double> high_ns;
  bool operator==(const ContestVerdict&) const = default;
};

// What the contest of a neighbouring key measured: another size, environment or policy of the same
// problem. Says whom to measure first, and whom it is not worth measuring.
struct Neighbour {
  struct Ratio {
    Candidate candidate;
    double slower = 1;  // Its time over the least one of that contest, finite and above 0.
    bool operator==(const Ratio&) const = default;
  };
  std::vector<Ratio> trials;  // The pick first.
  bool operator==(const Neighbour&) const = default;
};

}  // namespace tactic
