// The lane of one device, from before its worker runs.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/core/lane.h"
#include "server/core/mutex.h"
#include "server/lane/worker_lane.h"

namespace tactic {

// Until Open succeeds it reports that it is starting, or quarantined and why; from then on it is
// the WorkerLane. So a daemon whose worker cannot be started serves all reads. Info is thread-safe,
// Open and Run are of one thread.
class DeviceLane final : public Lane {
 public:
  explicit DeviceLane(WorkerLaneOptions options);

  // Starts the worker and waits for it. May be called again after a failure.
  absl::Status Open();
  bool IsOpen() const;

  LaneInfo Info() const override;
  absl::StatusOr<ContestResult> Run(
      const ContestSpec& spec, std::stop_token stop,
      absl::FunctionRef<void(const ContestProgress&)> progress) override;

 private:
  const WorkerLaneOptions options_;
  mutable Mutex mu_;
  std::shared_ptr<WorkerLane> lane_ ABSL_GUARDED_BY(mu_);  // nullptr: not open.
  absl::Status failure_ ABSL_GUARDED_BY(mu_);              // Of the last Open.
};

}  // namespace tactic
