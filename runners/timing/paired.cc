#include "runners/timing/paired.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runners/timing/statistics.h"

namespace tactic::timing {
namespace {

constexpr size_t kEnoughToTrim = 10;
constexpr double kMedianToMeanError = 1.2533;  // sqrt(pi / 2): a median varies more than a mean.

std::pair<uint32_t, uint32_t> When(const Sample& sample) { return {sample.epoch, sample.round}; }

}  // namespace

std::vector<double> LogRatios(std::span<const Sample> a, std::span<const Sample> b) {
  std::vector<double> ratios;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (When(a[i]) < When(b[j])) {
      ++i;
    } else if (When(b[j]) < When(a[i])) {
      ++j;
    } else {
      if (a[i].round > 0) ratios.push_back(std::log(a[i].nanoseconds / b[j].nanoseconds));
      ++i;
      ++j;
    }
  }
  return ratios;
}

double Center(const std::vector<double>& ratios) {
  return ratios.size() < kEnoughToTrim ? Median(ratios) : TrimmedMean(ratios, 0.1);
}

double Spread(const std::vector<double>& ratios) {
  if (ratios.size() < 3) return 0;
  return kMadToSigma * MedianAbsoluteDeviation(ratios, Median(ratios));
}

Comparison Summarise(const std::vector<double>& ratios, double spread, double floor) {
  const double scale = ratios.size() < kEnoughToTrim ? kMedianToMeanError : 1.0;
  const double error = scale * spread / std::sqrt(static_cast<double>(ratios.size()));
  return {Center(ratios), std::max(error, floor), static_cast<int>(ratios.size())};
}

}  // namespace tactic::timing
