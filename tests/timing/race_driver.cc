#include "tests/timing/race_driver.h"

#include <cmath>
#include <memory>

namespace tactic::timing {

RaceInput PlainInput(int candidates, uint64_t seed) {
  RaceInput input;
  input.candidates = candidates;
  input.seed = seed;
  for (int i = 0; i < candidates; ++i) input.tie_rank.push_back(static_cast<uint64_t>(i));
  return input;
}

std::vector<Observation> FunctionSampler::Round(std::span<const int> candidates) {
  ++round_;
  std::vector<Observation> observations;
  for (int candidate : candidates) observations.push_back(answer_(candidate, round_));
  return observations;
}

Observation Took(int candidate, double nanoseconds) {
  return {candidate, Outcome::kMeasured, nanoseconds, "", nanoseconds};
}

Observation FailedWith(int candidate, Outcome outcome) {
  return {candidate, outcome, 0, "failed as told", 0};
}

FunctionSampler::Answer Noisy(std::vector<double> nanoseconds, double shared, double own,
                              uint64_t seed) {
  struct State {
    std::mt19937_64 random;
    int round = 0;
    double level = 0;
  };
  auto state = std::make_shared<State>(State{std::mt19937_64(seed), 0, 0});
  return [=](int candidate, int round) {
    std::normal_distribution<double> normal;
    if (round != state->round) {
      state->round = round;
      state->level = shared * normal(state->random);
    }
    const double noise = state->level + own * normal(state->random);
    return Took(candidate, nanoseconds[static_cast<size_t>(candidate)] * std::exp(noise));
  };
}

void RecordingObserver::Observed(const Race::Step& step, std::span<const Observation> seen) {
  steps.push_back(step);
  observations.emplace_back(seen.begin(), seen.end());
}

void RecordingObserver::Progressed(const Race& race) { remaining.push_back(race.Remaining()); }

std::vector<Race::Step> RunToEnd(Race& race, Sampler& sampler) {
  RecordingObserver observer;
  RunRace(race, sampler, observer);
  return observer.steps;
}

}  // namespace tactic::timing
