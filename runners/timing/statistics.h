// The few statistics that the race stands on: free functions over samples, no state.
// docs/measurement.md says where each is used and why it is the robust form.
#pragma once

#include <span>
#include <utility>
#include <vector>

namespace tactic::timing {

// Middle value; the mean of the two middle ones of an even number. NaN for none.
double Median(std::vector<double> values);

// Mean of what is left after `cut` of the values (0 to 0.5, rounded down to whole values) is taken
// from each end. NaN for none; the median when the cut would leave nothing.
double TrimmedMean(std::vector<double> values, double cut);

// Median of the distances from `center`: the spread that a few wild values cannot move. NaN for
// none.
double MedianAbsoluteDeviation(std::span<const double> values, double center);

// Scales a median absolute deviation to the standard deviation of normal noise.
inline constexpr double kMadToSigma = 1.4826;

// The order-statistic interval that holds the median of the distribution with at least 95 %,
// whatever the distribution. Under six values no such interval exists: then their least and
// greatest. {0, 0} for none.
std::pair<double, double> MedianInterval(std::vector<double> values);

}  // namespace tactic::timing
