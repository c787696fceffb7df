#include "runners/worker/contest_observer.h"

#include <unistd.h>

#include <string_view>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "runners/timing/contest_plan.h"
#include "runners/worker/worker.h"

namespace tactic {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};

wire::LaunchPhase ToJournal(timing::LaunchPhase phase) {
  switch (phase) {
    case timing::LaunchPhase::kPrepare:
      return wire::LaunchPhase::kPrepare;
    case timing::LaunchPhase::kValidate:
      return wire::LaunchPhase::kValidate;
    case timing::LaunchPhase::kSample:
      return wire::LaunchPhase::kSample;
    case timing::LaunchPhase::kReference:
      break;
  }
  return wire::LaunchPhase::kReference;
}

const char* Text(timing::Race::Phase phase) {
  switch (phase) {
    case timing::Race::Phase::kScreening:
      return "screening";
    case timing::Race::Phase::kRacing:
      return "racing";
    case timing::Race::Phase::kFinals:
    case timing::Race::Phase::kDone:
      break;
  }
  return "finals";
}

}  // namespace

void ContestObserver::Begin(int candidate, timing::LaunchPhase phase, double deadline_seconds) {
  const uint32_t who =
      candidate == timing::kNoCandidate ? wire::kNoCandidate : static_cast<uint32_t>(candidate);
  journal_.Begin(who, ToJournal(phase), deadline_seconds);
}

// Without the ordinary way out: destructors would talk to a device that is lost.
void ContestObserver::Fatal(const std::string& why) {
  v1::FromWorker message;
  message.mutable_fault()->set_run(run_);
  message.mutable_fault()->set_detail(why);
  static_cast<void>(channel_.Send(message));
  _exit(kExitDeviceLost);
}

void ContestObserver::Discarded(const timing::Race::Step& step,
                                std::span<const Disturbance> discards) {
  v1::FromWorker message;
  v1::Observed& observed = *message.mutable_observed();
  observed.set_run(run_);
  observed.set_round(step.round);
  for (const Disturbance& discard : discards) convert::ToProto(discard, observed.add_discards());
  cancelled_ = !channel_.Send(message).ok() || cancelled_;
}

void ContestObserver::Observed(const timing::Race::Step& step,
                               std::span<const timing::Observation> observations) {
  if (observations.empty()) return;
  v1::FromWorker message;
  v1::Observed& observed = *message.mutable_observed();
  observed.set_run(run_);
  observed.set_round(step.round);
  convert::ToProto(timing::ResultsOf(observations), &observed);
  cancelled_ = !channel_.Send(message).ok() || cancelled_;
}

void ContestObserver::Progressed(const timing::Race& race) {
  const auto now = Clock::now();
  if (now < next_progress_) return;
  next_progress_ = now + kProgressInterval;
  v1::FromWorker message;
  v1::WorkerProgress& progress = *message.mutable_progress();
  progress.set_run(run_);
  progress.set_phase(Text(race.phase()));
  progress.set_remaining(static_cast<uint32_t>(race.Remaining()));
  progress.set_screened(static_cast<uint32_t>(race.Screened()));
  progress.set_failed(static_cast<uint32_t>(race.Failed()));
  const auto best = race.Leader();
  progress.set_best(best ? static_cast<uint32_t>(*best) : wire::kNoCandidate);
  progress.set_best_ns(best ? race.MedianOf(*best) : 0);
  progress.set_default_ns(race.MedianOf(0));
  progress.set_seconds_left(1e-9 * race.ExpectedLeftNs());
  cancelled_ = !channel_.Send(message).ok() || cancelled_;
}

bool ContestObserver::Cancelled() {
  cancelled_ = cancelled_ || channel_.IsCancelled(run_);
  return cancelled_;
}

}  // namespace tactic
