#include "runners/timing/run_race.h"

#include <algorithm>
#include <vector>

namespace tactic::timing {

bool RunRace(Race& race, Sampler& sampler, RaceObserver& observer) {
  while (!observer.Cancelled()) {
    if (observer.OutOfTime()) race.EndBudget();
    const Race::Step step = race.Next();
    if (step.kind == Race::Step::Kind::kDone) return true;
    auto observations = step.kind == Race::Step::Kind::kScreen
                            ? std::vector<Observation>{sampler.Screen(step.candidates.front())}
                            : sampler.Round(step.candidates);
    std::transform(observations.begin(), observations.end(), observations.begin(), Checked);
    const std::vector<Disturbance> discards = sampler.TakeDiscards();
    if (!discards.empty()) observer.Discarded(step, discards);
    observer.Observed(step, observations);
    race.Add(step, observations);
    observer.Progressed(race);
  }
  return false;
}

}  // namespace tactic::timing
