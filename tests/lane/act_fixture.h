// For tests of the lane with candidates that misbehave, on the host and on a GPU: each is a tactic
// {act: NAME} of an op whose attribute `acts` lists those that take part.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lane/worker_lane.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {

// What must come of an act.
struct ActCase {
  const char* act;
  Outcome outcome;
  const char* detail;  // A part of it.
  uint32_t restarts;
};

class ActFixture : public ::testing::Test {
 protected:
  // Beside what the device asks for: waits little, keeps the log.
  WorkerLaneOptions OptionsFor(std::string worker, std::string device) {
    WorkerLaneOptions options;
    options.worker = std::move(worker);
    options.device = std::move(device);
    options.ready = absl::Seconds(60);  // The machine may be busy.
    options.budget.first_backoff = options.budget.last_backoff = absl::Milliseconds(1);
    options.log = [this](const std::string& line) { log_.push_back(line); };
    return options;
  }

  void Start(WorkerLaneOptions options) {
    absl::StatusOr<std::unique_ptr<WorkerLane>> lane = WorkerLane::Start(std::move(options));
    ASSERT_THAT(lane, IsOk());
    lane_ = *std::move(lane);
  }

  // The trial of that act.
  static Trial Find(const ContestResult& result, const std::string& act) {
    for (const Trial& trial : result.evidence.trials) {
      if (trial.candidate.tactic.StringOr("act", "default") == act) return trial;
    }
    ADD_FAILURE() << "no trial of " << act;
    return {};
  }

  // The well-behaved ones are valid, and one of them, or one of `acts` if that is valid too, is the
  // pick.
  static void ExpectTheOthersValid(const ContestResult& result, const std::string& acts) {
    EXPECT_THAT(result.failure, ::testing::IsEmpty());
    EXPECT_THAT(result.ranking, ::testing::SizeIs(1));
    for (const Trial& trial : result.evidence.trials) {
      const std::string act = trial.candidate.tactic.StringOr("act", "default");
      if (acts.find(act) != std::string::npos) continue;
      EXPECT_TRUE(IsValid(trial.outcome)) << ToText(trial.candidate) << ": " << trial.detail;
      EXPECT_THAT(trial.samples, ::testing::Not(::testing::IsEmpty())) << ToText(trial.candidate);
    }
  }

  std::vector<std::string> log_;
  std::unique_ptr<WorkerLane> lane_;
};

}  // namespace tactic::testing
