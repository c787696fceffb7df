// Runs races without a device: over times that are functions of candidate and round, and over
// recorded traces.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "runners/timing/race.h"
#include "runners/timing/run_race.h"
#include "runners/timing/sampler.h"

namespace tactic::timing {

// A race's input with `candidates` candidates and everything else plain.
RaceInput PlainInput(int candidates, uint64_t seed = 1);

// Answers from a function. Round 0 is the screening pass.
class FunctionSampler : public Sampler {
 public:
  using Answer = std::function<Observation(int candidate, int round)>;
  explicit FunctionSampler(Answer answer) : answer_(std::move(answer)) {}

  Observation Screen(int candidate) override { return answer_(candidate, 0); }
  std::vector<Observation> Round(std::span<const int> candidates) override;

  int rounds() const { return round_; }

 private:
  Answer answer_;
  int round_ = 0;
};

Observation Took(int candidate, double nanoseconds);
Observation FailedWith(int candidate, Outcome outcome);

// True times with noise that all candidates of a round share, and noise of each sample's own; both
// as standard deviations of the logarithm.
FunctionSampler::Answer Noisy(std::vector<double> nanoseconds, double shared, double own,
                              uint64_t seed);

// An observer that keeps the steps, and cancels before step number `cancel_at`.
class RecordingObserver : public RaceObserver {
 public:
  explicit RecordingObserver(int cancel_at = -1) : cancel_at_(cancel_at) {}
  void Observed(const Race::Step& step, std::span<const Observation> observations) override;
  void Progressed(const Race& race) override;
  bool Cancelled() override { return static_cast<int>(steps.size()) == cancel_at_; }

  std::vector<Race::Step> steps;
  std::vector<std::vector<Observation>> observations;
  std::vector<int> remaining;

 private:
  int cancel_at_;
};

// Runs the race to its end and gives its steps.
std::vector<Race::Step> RunToEnd(Race& race, Sampler& sampler);

}  // namespace tactic::timing
