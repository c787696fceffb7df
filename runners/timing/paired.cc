#include "runners/timing/paired.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "runners/timing/statistics.h"

namespace tactic::timing {
namespace {

constexpr size_t kEnoughToTrimATenth = 10;
constexpr size_t kEnoughToTrim = 5;
constexpr double kMedianToMeanError = 1.2533;  // sqrt(pi / 2): a median varies more than a mean.

std::pair<uint32_t, uint32_t> When(const Sample& sample) { return {sample.epoch, sample.round}; }

// By how much the median absolute deviation of n normal values falls short (Croux, Rousseeuw 1992).
double SmallSampleFactor(size_t n) {
  constexpr std::array<double, 10> kFactor = {1,     1,     1.196, 1.495, 1.363,
                                              1.206, 1.200, 1.140, 1.129, 1.107};
  return n < kFactor.size() ? kFactor[n] : static_cast<double>(n) / (static_cast<double>(n) - 0.8);
}

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
  if (ratios.size() < kEnoughToTrim) return Median(ratios);
  return TrimmedMean(ratios, ratios.size() < kEnoughToTrimATenth ? 0.2 : 0.1);
}

double Spread(const std::vector<double>& ratios) {
  if (ratios.size() < 3) return 0;
  return SmallSampleFactor(ratios.size()) * kMadToSigma *
         MedianAbsoluteDeviation(ratios, Median(ratios));
}

double Comparison::ExpectedGain(double handicap) const {
  const double slower = difference - handicap;
  if (error <= 0) return std::max(-slower, 0.0);
  const double z = slower / error;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  const double faster = std::erfc(z / std::numbers::sqrt2) / 2;
  return std::max(error * (density - z * faster), 0.0);
}

PooledSpread::PooledSpread(std::span<const std::vector<double>> ratios, double weight,
                           double unknown, double dependence)
    : weight_(weight), unknown_(unknown), dependence_(dependence) {
  std::vector<double> spreads;
  for (const auto& own : ratios) {
    if (own.size() < 3) continue;
    spreads.push_back(Spread(own));
    degrees_ += static_cast<double>(own.size() - 1);
  }
  if (!spreads.empty()) typical_ = Median(std::move(spreads));
}

Comparison PooledSpread::Summarise(const std::vector<double>& ratios, double floor) const {
  const auto n = static_cast<double>(ratios.size());
  double spread = unknown_;
  // The mean of normal values of unknown variance follows Student's t; this is its deviation.
  if (degrees_ > 2) {
    const double own = Spread(ratios);
    const double own_weight = ratios.size() < 3 ? 0 : n - 1;
    const double variance =
        (weight_ * typical_ * typical_ + own_weight * own * own) / (weight_ + own_weight);
    spread = std::sqrt(variance * degrees_ / (degrees_ - 2));
  }
  const double scale = dependence_ * (ratios.size() < kEnoughToTrim ? kMedianToMeanError : 1.0);
  return {Center(ratios), std::max(scale * spread / std::sqrt(n), floor),
          static_cast<int>(ratios.size())};
}

}  // namespace tactic::timing
