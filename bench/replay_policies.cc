#include "bench/replay_policies.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runners/timing/quiet_observer.h"
#include "runners/timing/run_race.h"

namespace tactic::bench {
namespace {

using timing::Observation;
using timing::TraceSampler;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

int CountSkipped(const timing::Race& race, const Contest& contest) {
  return static_cast<int>(std::count_if(contest.priors.hopeless.begin(),
                                        contest.priors.hopeless.end(),
                                        [&](int i) { return race.TrialOf(i).samples.empty(); }));
}

Neighbour Evidence(const timing::Race& race, const timing::Verdict& verdict,
                   const timing::TraceProblem& problem) {
  Neighbour neighbour;
  double best = kInfinity;
  for (int i : verdict.order) best = std::min(best, race.MedianOf(i));
  for (int i : verdict.order) {
    const Tactic& tactic = problem.rows[static_cast<size_t>(i)].configuration;
    neighbour.trials.push_back({{{"trace", ""}, tactic}, race.MedianOf(i) / best});
  }
  return neighbour;
}

Choice RunRace(const Contest& contest, const timing::RaceOptions& options) {
  const auto candidates = static_cast<int>(contest.problem->rows.size());
  timing::RaceInput input;
  input.candidates = candidates;
  input.incumbent = contest.incumbent;
  input.first = contest.priors.first;
  input.hopeless = contest.priors.hopeless;
  input.seed = contest.trace.seed;
  timing::Race race(std::move(input), options);
  TraceSampler sampler(*contest.problem, contest.trace);
  timing::QuietObserver observer;
  timing::RunRace(race, sampler, observer);
  const timing::Verdict verdict = race.Decide();
  Choice choice{verdict.pick, sampler.spent_ns()};
  // Under six samples there is no interval of that confidence.
  for (int i = 0; i < candidates; ++i) {
    const bool stated = race.TrialOf(i).samples.size() >= 6;
    choice.intervals.push_back(stated ? race.Interval(i) : std::pair(0.0, 0.0));
  }
  if (verdict.control.rounds >= options.min_rounds) {
    choice.control_differs =
        std::abs(verdict.control.difference) > options.sigmas * verdict.control.error;
  }
  choice.evidence = Evidence(race, verdict, *contest.problem);
  choice.skipped = CountSkipped(race, contest);
  return choice;
}

// One candidate after the other: the mean of `count` launches, infinite once one fails.
class Sequential {
 public:
  explicit Sequential(const Contest& contest) : sampler_(*contest.problem, contest.trace) {}

  double MeanUs(int candidate, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += Launch(candidate);
    return sum / std::max(count, 1);
  }
  void Delay(double ns) { delay_ns_ += ns; }
  double spent_ns() const { return sampler_.spent_ns() + delay_ns_; }

 private:
  double Launch(int candidate) {
    const Observation seen = timing::Checked(sampler_.Round(std::span(&candidate, 1)).front());
    return IsValid(seen.outcome) ? 1e-3 * seen.nanoseconds : kInfinity;
  }

  TraceSampler sampler_;
  double delay_ns_ = 0;
};

// What a rule that visits one candidate after the other finds, where `measure` gives a time, and
// infinity for who is out.
template <typename Measure>
Choice LeastOf(const Contest& contest, Measure measure) {
  Sequential device(contest);
  Choice choice;
  double best = kInfinity;
  for (int i = 0; i < static_cast<int>(contest.problem->rows.size()); ++i) {
    const double us = measure(device, i, best);
    if (us >= best) continue;
    best = us;
    choice.pick = i;
  }
  choice.cost_ns = device.spent_ns();
  return choice;
}

double FixedCount(Sequential& device, int candidate, double) {
  device.Delay(200e3);
  device.MeanUs(candidate, 2);
  const double first = device.MeanUs(candidate, 2);
  return first > 1e3 ? first : device.MeanUs(candidate, 10);
}

double TunableOp(Sequential& device, int candidate, double best) {
  device.MeanUs(candidate, 2);
  if (device.MeanUs(candidate, 3) > 1.5 * best) return kInfinity;
  const double estimate = device.MeanUs(candidate, 10);
  if (estimate > 1.15 * best || estimate == kInfinity) return kInfinity;
  return device.MeanUs(candidate, static_cast<int>(std::clamp(30e3 / estimate, 1.0, 100.0)));
}

double DoBench(Sequential& device, int candidate, double) {
  constexpr double kDrawn = 200;
  const double estimate = device.MeanUs(candidate, 5);
  if (estimate == kInfinity) return kInfinity;
  const double repeats = std::max(1.0, std::floor(100e3 / estimate));
  const double mean = device.MeanUs(candidate, static_cast<int>(std::min(repeats, kDrawn)));
  const double rest = std::max(repeats - kDrawn, 0.0) + std::floor(25e3 / estimate);
  if (mean != kInfinity) device.Delay(1e3 * mean * rest);
  return mean;
}

Choice SuccessiveHalving(const Contest& contest) {
  constexpr double kLaunchesEach = 4;
  TraceSampler sampler(*contest.problem, contest.trace);
  const size_t candidates = contest.problem->rows.size();
  std::vector<int> open(candidates);
  std::iota(open.begin(), open.end(), 0);
  std::vector<double> sum(candidates);
  for (int i : open) {
    if (!IsValid(timing::Checked(sampler.Screen(i)).outcome)) sum[i] = kInfinity;
  }
  std::erase_if(open, [&](int i) { return sum[i] == kInfinity; });
  const double rungs = std::ceil(std::log2(std::max<double>(open.size(), 2)));
  const double budget = kLaunchesEach * static_cast<double>(open.size());
  while (open.size() > 1) {
    const double rounds = std::floor(budget / (static_cast<double>(open.size()) * rungs));
    for (int round = 0; round < std::max(rounds, 1.0); ++round) {
      for (const Observation& seen : sampler.Round(open)) {
        const bool valid = IsValid(timing::Checked(seen).outcome);
        sum[seen.candidate] += valid ? seen.nanoseconds : kInfinity;
      }
    }
    std::stable_sort(open.begin(), open.end(), [&](int a, int b) { return sum[a] < sum[b]; });
    open.resize((open.size() + 1) / 2);
  }
  const bool valid = !open.empty() && sum[open.front()] < kInfinity;
  return {valid ? open.front() : -1, sampler.spent_ns()};
}

}  // namespace

Choice Choose(Policy policy, const Contest& contest, const timing::RaceOptions& options) {
  switch (policy) {
    case Policy::kFixedCount: {
      Contest plain = contest;
      plain.trace.overhead_ns = 0;  // Its delay covers that.
      return LeastOf(plain, FixedCount);
    }
    case Policy::kTunableOp:
      return LeastOf(contest, TunableOp);
    case Policy::kDoBench:
      return LeastOf(contest, DoBench);
    case Policy::kSuccessiveHalving:
      return SuccessiveHalving(contest);
    case Policy::kRace:
      break;
  }
  return RunRace(contest, options);
}

}  // namespace tactic::bench
