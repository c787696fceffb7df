// Where the time of a contest goes: a launch observer that adds up the steps of each phase.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "runners/timing/launch_observer.h"
#include "runners/timing/run_race.h"

namespace tactic::bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class PhaseClock final : public timing::LaunchObserver, public timing::RaceObserver {
 public:
  void Begin(int candidate, timing::LaunchPhase phase, double) override {
    candidate_ = candidate;
    phase_ = phase;
    start_ = Clock::now();
  }
  void End() override { seconds_[phase_] += SecondsSince(start_); }
  [[noreturn]] void Fatal(const std::string& why) override {
    std::fprintf(stderr, "candidate %d cost the device: %s\n", candidate_, why.c_str());
    std::exit(EXIT_FAILURE);
  }

  void Observed(const timing::Race::Step&, std::span<const timing::Observation>) override {}
  void Progressed(const timing::Race&) override {}
  bool Cancelled() override { return false; }

  double Of(timing::LaunchPhase phase) const {
    const auto at = seconds_.find(phase);
    return at == seconds_.end() ? 0 : at->second;
  }

 private:
  std::map<timing::LaunchPhase, double> seconds_;
  int candidate_ = timing::kNoCandidate;
  timing::LaunchPhase phase_ = timing::LaunchPhase::kReference;
  Clock::time_point start_;
};

}  // namespace tactic::bench
