// The loop that runs a race over a sampler.
#pragma once

#include <span>

#include "runners/timing/race.h"
#include "runners/timing/sampler.h"

namespace tactic::timing {

// Follows a race. Called on the thread that runs it, between steps: what it does delays the race,
// and is timed by nobody.
class RaceObserver {
 public:
  virtual ~RaceObserver() = default;
  // What was thrown away before the observations of `step`; called if there is any.
  virtual void Discarded(const Race::Step&, std::span<const Disturbance>) {}
  // What came of `step`, through Checked(), before it is added to the race.
  virtual void Observed(const Race::Step& step, std::span<const Observation> observations) = 0;
  // After each step.
  virtual void Progressed(const Race& race) = 0;
  // Asked before each step.
  virtual bool Cancelled() = 0;
  // Asked before each step. True ends the race's budget: it decides on the best so far.
  virtual bool OutOfTime() { return false; }
};

// Runs `race` until it is done (true) or cancelled (false).
bool RunRace(Race& race, Sampler& sampler, RaceObserver& observer);

}  // namespace tactic::timing
