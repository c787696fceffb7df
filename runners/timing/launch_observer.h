// Who is told before a candidate's code runs. The worker implements it with the launch journal, so
// that after a death it is known which candidate was running, and past which deadline it is
// overdue.
#pragma once

#include <cstdlib>
#include <string>

namespace tactic::timing {

enum class LaunchPhase { kPrepare, kValidate, kSample, kReference };

inline constexpr int kNoCandidate = -1;  // The step is not one candidate's: the reference.

// Called on the measuring thread, directly before and after each step, with no clock running.
class LaunchObserver {
 public:
  virtual ~LaunchObserver() = default;
  // The step is overdue once it takes longer than this.
  virtual void Begin(int candidate, LaunchPhase phase, double deadline_seconds) = 0;
  // Back in our own code. Does not throw.
  virtual void End() = 0;
  // Asked between launches: true ends the round early.
  virtual bool StopRequested() { return false; }
  // In the step that is open, something happened after which this process can measure no more: a
  // GPU's context is lost. Tells whoever watches, and ends the process.
  [[noreturn]] virtual void Fatal(const std::string& why) {
    static_cast<void>(why);
    std::abort();
  }
};

// Begin and End as a scope, so that no exception leaves a step open.
class LaunchStep {
 public:
  LaunchStep(LaunchObserver& observer, int candidate, LaunchPhase phase, double deadline_seconds)
      : observer_(observer) {
    observer_.Begin(candidate, phase, deadline_seconds);
  }
  ~LaunchStep() { observer_.End(); }
  LaunchStep(const LaunchStep&) = delete;
  LaunchStep& operator=(const LaunchStep&) = delete;

 private:
  LaunchObserver& observer_;
};

}  // namespace tactic::timing
