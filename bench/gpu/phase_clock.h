// Where the time of a contest goes: a launch observer that adds up the steps of each phase.
#pragma once

#include <chrono>
#include <map>

#include "runners/timing/quiet_observer.h"

namespace tactic::bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class PhaseClock final : public timing::QuietObserver {
 public:
  void Begin(int candidate, timing::LaunchPhase phase, double deadline_seconds) override {
    QuietObserver::Begin(candidate, phase, deadline_seconds);
    phase_ = phase;
    start_ = Clock::now();
  }
  void End() override { seconds_[phase_] += SecondsSince(start_); }

  double Of(timing::LaunchPhase phase) const {
    const auto at = seconds_.find(phase);
    return at == seconds_.end() ? 0 : at->second;
  }

 private:
  std::map<timing::LaunchPhase, double> seconds_;
  timing::LaunchPhase phase_ = timing::LaunchPhase::kReference;
  Clock::time_point start_;
};

}  // namespace tactic::bench
