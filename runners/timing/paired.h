// Comparing two candidates by what they took in the same rounds. What a round's machine state does
// to one it does to the other, so the ratio within a round is steadier than either time.
#pragma once

#include <span>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::timing {

// ln(a / b) of every round (of one worker process) in which both were sampled. Screening samples
// are not rounds. Both lists in order of (epoch, round).
std::vector<double> LogRatios(std::span<const Sample> a, std::span<const Sample> b);

// The middle of log ratios: the mean after a tenth is cut from each end (from five to nine values:
// after the least and the greatest are); of fewer than five, their median. NaN for none.
double Center(const std::vector<double>& ratios);

// The standard deviation of one log ratio, from the median absolute deviation, corrected for what
// that underestimates in few values. 0 for fewer than three: they cannot say.
double Spread(const std::vector<double>& ratios);

// How much slower a candidate is than another, in log units (0.01 = 1 %), and the standard error of
// that.
struct Comparison {
  double difference = 0;
  double error = 0;
  int rounds = 0;  // On which it rests; 0: on screening samples only.

  double Low(double sigmas) const { return difference - sigmas * error; }
  double High(double sigmas) const { return difference + sigmas * error; }
  // By how much the candidate is expected to be faster than the other plus `handicap`, counting
  // nothing where it is slower: what giving it up is expected to lose. Normal errors.
  double ExpectedGain(double handicap = 0) const;
};

// The noise of the candidates of one contest together. A few ratios that happen to lie close must
// not look certain: each candidate's own variance is averaged with the typical one of all.
class PooledSpread {
 public:
  // `ratios`: of each candidate to one and the same other. `weight`: of the typical variance, in
  // rounds. `unknown`: the standard deviation to go by while the ratios are too few to tell.
  // `dependence`: by how much the error of a mean is larger than if rounds were independent.
  PooledSpread(std::span<const std::vector<double>> ratios, double weight, double unknown,
               double dependence);

  // The center of `ratios` and its error, never believed to be under `floor`. Needs one ratio.
  Comparison Summarise(const std::vector<double>& ratios, double floor) const;

 private:
  double weight_;
  double unknown_;
  double dependence_;
  double typical_ = 0;
  double degrees_ = 0;  // Of freedom, of all ratios together.
};

}  // namespace tactic::timing
