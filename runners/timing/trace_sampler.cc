#include "runners/timing/trace_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace tactic::timing {
namespace {

constexpr size_t kBlock = 10;

}  // namespace

TraceSampler::TraceSampler(const TraceProblem& problem, TraceOptions options)
    : problem_(problem), options_(options), random_(options.seed) {
  options_.stride = std::max<size_t>(options_.stride, 1);
  rounds_ = 1;
  for (const TraceRow& row : problem.rows) rounds_ = std::max(rounds_, ServedRounds(row));
  order_.resize(rounds_);
  std::iota(order_.begin(), order_.end(), size_t{0});
  if (options_.resample) MixBlocks();
}

// Blocks of the recorded rounds in random order.
void TraceSampler::MixBlocks() {
  const std::vector<size_t> recorded = std::move(order_);
  std::vector<size_t> starts;
  for (size_t start = 0; start < rounds_; start += kBlock) starts.push_back(start);
  for (size_t i = starts.size(); i > 1; --i) std::swap(starts[i - 1], starts[random_() % i]);
  order_.clear();
  for (size_t start : starts) {
    for (size_t i = start; i < std::min(rounds_, start + kBlock); ++i) {
      order_.push_back(recorded[i]);
    }
  }
}

size_t TraceSampler::ServedRounds(const TraceRow& row) const {
  const size_t recorded = row.samples_us.size();
  return recorded <= options_.first ? 0 : (recorded - 1 - options_.first) / options_.stride + 1;
}

size_t TraceSampler::Served(size_t position) {
  while (order_.size() <= position) {
    const size_t start = random_() % rounds_;
    for (size_t i = 0; i < std::min(kBlock, rounds_); ++i) {
      order_.push_back((start + i) % rounds_);
    }
  }
  return order_[position];
}

Observation TraceSampler::Screen(int candidate) { return Serve(candidate, Served(0)); }

std::vector<Observation> TraceSampler::Round(std::span<const int> candidates) {
  const size_t served = Served(++position_);
  std::vector<bool> seen(problem_.rows.size());
  std::vector<Observation> observations;
  observations.reserve(candidates.size());
  for (int candidate : candidates) {
    const auto at = static_cast<size_t>(candidate);
    observations.push_back(Serve(candidate, seen[at] ? (served + 1) % rounds_ : served));
    seen[at] = true;
  }
  return observations;
}

Observation TraceSampler::Serve(int candidate, size_t served) {
  const TraceRow& row = problem_.rows[static_cast<size_t>(candidate)];
  const size_t own = ServedRounds(row);
  if (row.samples_us.empty()) {
    return {candidate, Outcome::kRejected, 0, "failed when it was recorded", 0};
  }
  size_t at = options_.first + served * options_.stride;
  if (own == 0) {
    at = random_() % row.samples_us.size();
  } else if (served >= own) {
    at = options_.first + (random_() % own) * options_.stride;
  }
  const double nanoseconds = 1e3 * row.samples_us[at];
  const bool took_time = std::isfinite(nanoseconds) && nanoseconds > 0;
  const double cost = (took_time ? nanoseconds : 0) + options_.overhead_ns;
  spent_ns_ += cost;
  return {candidate, Outcome::kMeasured, nanoseconds, "", cost};
}

}  // namespace tactic::timing
