// Tells the supervisor how a run goes: the journal before each launch, messages after each step.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "runners/timing/contest_plan.h"
#include "runners/timing/launch_observer.h"
#include "runners/timing/run_race.h"
#include "runners/worker/channel.h"
#include "runners/worker/journal.h"

namespace tactic {

// Single-threaded. Everything outlives it.
class ContestObserver : public timing::LaunchObserver, public timing::RaceObserver {
 public:
  ContestObserver(uint64_t run, const timing::ContestPlan& contest, Channel& channel,
                  Journal& journal)
      : run_(run), budget_(contest), channel_(channel), journal_(journal) {}

  void Begin(int candidate, timing::LaunchPhase phase, double deadline_seconds) override;
  void End() override { journal_.Idle(); }
  bool StopRequested() override { return Cancelled(); }
  // Tells the supervisor and ends the process, with the journal as it is.
  [[noreturn]] void Fatal(const std::string& why) override;

  void Discarded(const timing::Race::Step& step, std::span<const Disturbance> discards) override;
  void Observed(const timing::Race::Step& step,
                std::span<const timing::Observation> observations) override;
  // At most ten messages a second.
  void Progressed(const timing::Race& race) override;
  bool Cancelled() override;
  bool OutOfTime() override { return budget_.Over(); }

 private:
  using Clock = std::chrono::steady_clock;

  uint64_t run_;
  timing::WallBudget budget_;
  Channel& channel_;
  Journal& journal_;
  bool cancelled_ = false;
  Clock::time_point next_progress_;
};

}  // namespace tactic
