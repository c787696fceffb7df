#include "bench/gpu/exhaustive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "runners/timing/statistics.h"

namespace tactic::bench {
namespace {

constexpr int kFirstRounds = 8;     // That tell who is near the best,
constexpr double kFirstLook = 0.5;  // of those whose screening sample is within this.
constexpr double kCut = 0.1;        // Of the trimmed means, from each end.

}  // namespace

Result<std::unique_ptr<Exhaustive>> Exhaustive::Create(const RegretProblem& problem,
                                                       timing::DeviceSession& session) {
  std::unique_ptr<Exhaustive> made(new Exhaustive(problem));
  std::vector<timing::SamplerCandidate> candidates;
  for (size_t i = 0; i < problem.list.candidates.size(); ++i) {
    candidates.push_back({problem.list.runners[i], problem.list.candidates[i].tactic});
  }
  auto sampler = session.MakeSampler(
      {*problem.entry->op, problem.problem, std::move(candidates), problem.policy, 0},
      made->observer_);
  if (!sampler.ok()) return sampler.error();
  made->sampler_ = *std::move(sampler);
  made->places_ = static_cast<size_t>(session.rounds_of_a_cycle());
  made->Screen();
  if (made->valid_ > 0) return made;
  return Error{ErrorCode::kFailedPrecondition, problem.name + ": no candidate is valid"};
}

void Exhaustive::Screen() {
  for (size_t i = 0; i < problem_.list.candidates.size(); ++i) {
    const timing::Observation seen = sampler_->Screen(static_cast<int>(i));
    screened_.push_back(IsValid(seen.outcome) ? seen.nanoseconds : 0);
    valid_ += IsValid(seen.outcome) ? 1 : 0;
  }
}

std::vector<int> Exhaustive::Near(double within, const std::vector<int>& also) {
  double best = std::numeric_limits<double>::infinity();
  for (const double ns : screened_) best = ns > 0 ? std::min(best, ns) : best;
  std::vector<int> first;
  for (size_t i = 0; i < screened_.size(); ++i) {
    if (screened_[i] > 0 && screened_[i] <= (1 + kFirstLook) * best) {
      first.push_back(static_cast<int>(i));
    }
  }
  std::vector<std::vector<double>> times(screened_.size());
  for (int round = 0; round < kFirstRounds; ++round) {
    for (const timing::Observation& seen : sampler_->Round(first)) {
      if (IsValid(seen.outcome)) {
        times[static_cast<size_t>(seen.candidate)].push_back(seen.nanoseconds);
      }
    }
  }
  best = std::numeric_limits<double>::infinity();
  for (const int i : first) best = std::min(best, timing::Median(times[static_cast<size_t>(i)]));
  std::vector<int> near;
  for (size_t i = 0; i < screened_.size(); ++i) {
    const bool asked = std::find(also.begin(), also.end(), static_cast<int>(i)) != also.end();
    const bool close = !times[i].empty() && timing::Median(times[i]) <= (1 + within) * best;
    if (screened_[i] > 0 && (asked || close)) near.push_back(static_cast<int>(i));
  }
  return near;
}

void Exhaustive::Measure(int rounds, double within, const std::vector<int>& also) {
  who_ = Near(within, also);
  log_ns_.assign(who_.size(), {});
  std::mt19937_64 random(0x7275746b);
  std::vector<int> order = who_;
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    Round(order);
  }
}

// A round in which one failed is left out whole.
void Exhaustive::Round(const std::vector<int>& order) {
  const auto seen = sampler_->Round(order);
  const bool whole = seen.size() == order.size() &&
                     std::all_of(seen.begin(), seen.end(), [](const timing::Observation& o) {
                       return IsValid(o.outcome) && o.nanoseconds > 0;
                     });
  if (!whole) return;
  for (const timing::Observation& o : seen) {
    const auto at = std::find(who_.begin(), who_.end(), o.candidate) - who_.begin();
    log_ns_[static_cast<size_t>(at)].push_back(std::log(o.nanoseconds));
  }
}

// Against the mean of the round, which takes out what slows all of it.
double Exhaustive::Slowness(size_t index, const Use& use) const {
  std::vector<double> ratios;
  for (size_t round = 0; round < log_ns_[index].size(); ++round) {
    if (!use(round)) continue;
    double mean = 0;
    for (const auto& one : log_ns_) mean += one[round] / static_cast<double>(log_ns_.size());
    ratios.push_back(log_ns_[index][round] - mean);
  }
  return timing::TrimmedMean(ratios, kCut);
}

size_t Exhaustive::IndexOf(int candidate) const {
  return static_cast<size_t>(std::find(who_.begin(), who_.end(), candidate) - who_.begin());
}

size_t Exhaustive::Best(const Use& use) const {
  std::vector<double> slowness;
  for (size_t i = 0; i < who_.size(); ++i) slowness.push_back(Slowness(i, use));
  return static_cast<size_t>(std::min_element(slowness.begin(), slowness.end()) - slowness.begin());
}

double Exhaustive::Regret(int candidate) const {
  const size_t at = IndexOf(candidate);
  if (at == who_.size()) return std::numeric_limits<double>::quiet_NaN();
  const Use all = [](size_t) { return true; };
  return std::expm1(Slowness(at, all) - Slowness(Best(all), all));
}

std::vector<double> Exhaustive::RegretByPlace(int candidate) const {
  const size_t at = IndexOf(candidate);
  const size_t best = Best([](size_t) { return true; });
  std::vector<double> regrets;
  for (size_t place = 0; at < who_.size() && place < places_; ++place) {
    const Use here = [&](size_t round) { return round % places_ == place; };
    regrets.push_back(std::expm1(Slowness(at, here) - Slowness(best, here)));
  }
  return regrets;
}

double Exhaustive::CrossRegret(int candidate) const {
  const size_t at = IndexOf(candidate);
  if (at == who_.size()) return std::numeric_limits<double>::quiet_NaN();
  double regret = 0;
  for (const size_t half : {size_t{0}, size_t{1}}) {
    const Use chosen = [&](size_t round) { return round / places_ % 2 == half; };
    const Use judged = [&](size_t round) { return round / places_ % 2 != half; };
    regret += 0.5 * std::expm1(Slowness(at, judged) - Slowness(Best(chosen), judged));
  }
  return regret;
}

double Exhaustive::BestNs() const {
  double best = std::numeric_limits<double>::infinity();
  for (const auto& one : log_ns_) best = std::min(best, timing::Median(one));
  return std::exp(best);
}

}  // namespace tactic::bench
