// For programs that measure and that nobody watches: benchmarks, tests.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "runners/timing/launch_observer.h"
#include "runners/timing/run_race.h"

namespace tactic::timing {

// Hears all and does nothing, but for saying why a device is lost before the program ends.
class QuietObserver : public LaunchObserver, public RaceObserver {
 public:
  void Begin(int candidate, LaunchPhase, double) override { candidate_ = candidate; }
  void End() override {}
  [[noreturn]] void Fatal(const std::string& why) override {
    std::fprintf(stderr, "candidate %d cost the device: %s\n", candidate_, why.c_str());
    std::exit(EXIT_FAILURE);
  }

  void Observed(const Race::Step&, std::span<const Observation>) override {}
  void Progressed(const Race&) override {}
  bool Cancelled() override { return false; }

 private:
  int candidate_ = kNoCandidate;
};

}  // namespace tactic::timing
