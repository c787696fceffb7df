#include "server/lane/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace tactic {
namespace {

constexpr std::array<std::string_view, 3> kPhases = {"screening", "racing", "finals"};

double TimeOr0(double value) { return std::isfinite(value) && value > 0 ? value : 0; }

}  // namespace

ContestProgress ProgressOf(const Contest& contest, const v1::WorkerProgress& message) {
  const ContestRecord& record = contest.record();
  ContestProgress progress;
  const bool known = std::find(kPhases.begin(), kPhases.end(), message.phase()) != kPhases.end();
  progress.phase = known ? message.phase() : "starting";
  progress.candidates = record.size();
  progress.screened = std::min(message.screened(), record.size());
  progress.remaining = std::min(message.remaining(), record.size());
  progress.failed = record.failures();
  if (message.best() < record.size()) {
    progress.best = record.trial(message.best()).candidate;
    progress.best_ns = TimeOr0(message.best_ns());
  }
  progress.default_ns = TimeOr0(message.default_ns());
  progress.seconds_left = TimeOr0(message.seconds_left());
  progress.worker_restarts = contest.epoch();
  return progress;
}

}  // namespace tactic
