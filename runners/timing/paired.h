// Comparing two candidates by what they took in the same rounds. What a round's machine state does
// to one it does to the other, so the ratio within a round is far steadier than either time.
#pragma once

#include <span>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::timing {

// ln(a / b) of every round (of one worker process) in which both were sampled. Screening samples
// are not rounds. Both lists in order of (epoch, round).
std::vector<double> LogRatios(std::span<const Sample> a, std::span<const Sample> b);

// The middle of log ratios: the 10 % trimmed mean; under ten values, where that would trim nothing,
// their median. NaN for none.
double Center(const std::vector<double>& ratios);

// The standard deviation of one log ratio, from the median absolute deviation. 0 for fewer than
// three: they cannot say.
double Spread(const std::vector<double>& ratios);

// How much slower a candidate is than another, in log units (0.01 = 1 %), and the standard error of
// that.
struct Comparison {
  double difference = 0;
  double error = 0;
  int rounds = 0;  // On which it rests; 0: on screening samples only.

  double Low(double sigmas) const { return difference - sigmas * error; }
  double High(double sigmas) const { return difference + sigmas * error; }
};

// Of `ratios` that vary by `spread` each; the error is never believed to be under `floor`. Needs
// three ratios.
Comparison Summarise(const std::vector<double>& ratios, double spread, double floor);

}  // namespace tactic::timing
