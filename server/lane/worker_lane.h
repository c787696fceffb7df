// A lane whose device is measured by a worker process. The worker is disposable: what a candidate
// does to it ends the worker, never the daemon, and the contest goes on in a fresh one with all
// that is known already. docs/life_of_a_request.md tells the story; contest.h says who is blamed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/core/clock.h"
#include "server/core/lane.h"
#include "server/core/mutex.h"
#include "server/lane/conversation.h"
#include "server/lane/link.h"
#include "server/lane/ready.h"
#include "server/lane/restart_budget.h"
#include "server/lane/stop_signal.h"

namespace tactic {

struct WorkerLaneOptions {
  std::string worker;  // Path of the worker program; not searched for.
  std::string device;  // "host", "cuda:0": the lane's name, and what the worker is asked to open.
  RestartBudgetOptions budget;  // Of deaths that no candidate is to blame for.
  ConversationLimits limits;
  absl::Duration ready = absl::Seconds(10);  // From a start to the worker's first message.
  absl::Duration reap = absl::Seconds(10);   // From a kill to the end; then the device is wedged.
  // Of a worker's private memory, so that a candidate that allocates without end fails instead of
  // the machine. 0 = no limit: the kernel then sacrifices the worker first.
  uint64_t memory_limit_bytes = 0;
  // For operands and their copies, passed on to the worker; 0 = its own rule.
  uint64_t operand_limit_bytes = 0;
  // What the lane has to say and what workers print: one line, without control characters. May be
  // empty. Called on the threads that call Start and Run.
  std::function<void(const std::string& line)> log;
  const Clock* clock = &SystemClock();  // For the restart budget; outlives the lane.
};

// Info() is thread-safe. A worker that dies is replaced within Run: at once when the contest goes
// on, or at the next contest when it dies in between.
class WorkerLane : public Lane {
 public:
  // Starts the first worker and waits until it is ready. NotFound, PermissionDenied: there is no
  // such program. FailedPrecondition: it is of another version. Unavailable: it ended or kept
  // silent, and how.
  static absl::StatusOr<std::unique_ptr<WorkerLane>> Start(WorkerLaneOptions options);
  // Kills the worker.
  ~WorkerLane() override;

  LaneInfo Info() const override;
  absl::StatusOr<ContestResult> Run(
      const ContestSpec& spec, std::stop_token stop,
      absl::FunctionRef<void(const ContestProgress&)> progress) override;

 private:
  explicit WorkerLane(WorkerLaneOptions options);

  // A worker that is ready: the one there is, or a new one.
  absl::Status EnsureWorker(const StopSignal& stop);
  absl::Status CheckWedged();
  absl::Status Replace(const StopSignal& stop);
  // Decisions belong to the environment of the first worker; one of another may not measure here.
  absl::Status CheckSame(const WorkerFacts& now);
  absl::StatusOr<WorkerFacts> StartWorker(const StopSignal& stop);
  absl::StatusOr<WorkerFacts> AwaitReady(const StopSignal& stop);
  // Ends the worker; notes when it does not end.
  void Discard();
  // The worker died of nothing that can be helped. Not OK: once too often.
  absl::Status CountDeath(const std::string& why);

  absl::StatusOr<ContestResult> RunContest(
      Contest& contest, const StopSignal& stop,
      absl::FunctionRef<void(const v1::WorkerProgress&)> progress);
  absl::Status AfterDeath(Contest& contest, const Death& death);
  // What a contest that went through says of device and worker.
  void Note(const Ending& ending);

  void SetState(LaneState state, std::string message);
  void Log(const std::string& line) const;

  const WorkerLaneOptions options_;
  mutable Mutex mu_;
  LaneInfo info_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<Process> process_ ABSL_GUARDED_BY(mu_);  // For Info to see whether it lives.

  // Of the thread that is in Run.
  std::unique_ptr<Link> link_;        // nullptr: no worker.
  std::shared_ptr<Process> wedged_;   // Killed, and still there.
  std::optional<WorkerFacts> facts_;  // Of the first worker.
  RestartBudget budget_;
  uint64_t next_run_ = 1;
};

}  // namespace tactic
