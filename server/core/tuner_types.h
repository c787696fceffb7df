// The values that go in and out of the Tuner (tuner.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/core/job.h"
#include "server/core/job_table.h"
#include "server/core/miss.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"

namespace tactic {

struct TuneRequest {
  std::string request_id;
  std::vector<Problem> problems;
  MeasurementPolicy policy;
  std::vector<std::string> runners;
  bool again = false;
  bool verify = false;
  uint64_t deadline_ms = 0;
  std::string client;
};

// A call that a program missed.
struct ReportedMiss {
  Problem problem;  // What it stands for: as mapped.
  Shapes shapes;    // Its real sizes.
  uint64_t count = 0;
};

struct MissesTaken {
  size_t taken = 0;
  size_t ignored = 0;       // Of ops that no lane knows, or that do not fit their op.
  std::string why_ignored;  // The first one.
};

// A missed call, and its decision if there is one by now.
struct MissView {
  MissedCall call;
  std::shared_ptr<const Decision> decision;
};

// A job as it is now, with the contests that lanes are measuring for it.
struct JobView {
  JobPtr job;
  struct Running {
    size_t item = 0;
    ContestProgress progress;
  };
  std::vector<Running> running;
  double seconds_left = 0;  // 0 = unknown.
  uint64_t version = 0;     // Goes up with each change.
};

// Something an operator may want to read in the log.
struct TunerEvent {
  enum class Kind {
    kJobTaken,
    kJobEnded,
    kContestStarted,
    kContestDecided,
    kContestFailed,
    kContestRequeued,
    kLeaseGranted,
    kLeaseEnded,  // Without a result; `detail` says how.
    kLeaseDecided,
    kBanned,
    kUnbanned,
    kBansDamaged,  // In the store; they do not hold.
    kStoreFailed,  // The store refused a change; `detail` says which and why.
  } kind;
  std::string job;      // Empty for contests: several jobs may wait for one.
  std::string problem;  // Empty for jobs.
  std::string lane;
  std::string detail;
};

struct TunerOptions {
  size_t max_queued_contests = 65536;
  int64_t request_id_retention_ms = 10 * 60 * 1000;
  int64_t job_retention_ms = int64_t{7} * 24 * 3600 * 1000;
  size_t max_ended_items =
      100'000;                // Problems of ended jobs; beyond that the oldest are forgotten.
  int max_lane_failures = 3;  // Of one contest; then it failed.
  // How long a lane rests after it failed a contest: doubled with each failure in a row.
  int64_t lane_pause_ms = 1000;
  int64_t max_lane_pause_ms = 60'000;
  // How long a quarantined lane rests: as long as it takes no worker's start. The next contest is
  // its probe.
  int64_t quarantine_pause_ms = 5 * 60 * 1000;
  std::function<void(const TunerEvent&)> on_event;  // Called on any thread; may be empty.
};

}  // namespace tactic
