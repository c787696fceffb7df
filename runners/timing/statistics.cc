#include "runners/timing/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tactic::timing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The greatest k for which at most 2.5 % of the binomial (n, 1/2) lies below k: the interval of the
// median is then from the k-th least to the k-th greatest value. 0 when there is none.
size_t IntervalRank(size_t n) {
  const double log_total = static_cast<double>(n) * std::log(2.0);
  double below = 0;
  for (size_t k = 0; k < n; ++k) {
    const double log_choose =
        std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
    below += std::exp(log_choose - log_total);
    if (below > 0.025) return k;
  }
  return 0;
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return kNaN;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double TrimmedMean(std::vector<double> values, double cut) {
  const auto trimmed = static_cast<size_t>(cut * static_cast<double>(values.size()));
  if (2 * trimmed >= values.size()) return Median(std::move(values));
  std::sort(values.begin(), values.end());
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(trimmed);
  const auto last = values.end() - static_cast<std::ptrdiff_t>(trimmed);
  return std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
}

double MedianAbsoluteDeviation(std::span<const double> values, double center) {
  std::vector<double> distances;
  distances.reserve(values.size());
  for (double value : values) distances.push_back(std::abs(value - center));
  return Median(std::move(distances));
}

std::pair<double, double> MedianInterval(std::vector<double> values) {
  if (values.empty()) return {0, 0};
  std::sort(values.begin(), values.end());
  const size_t rank = std::max<size_t>(IntervalRank(values.size()), 1);
  return {values[rank - 1], values[values.size() - rank]};
}

}  // namespace tactic::timing
