#include "server/device_lane.h"

#include <utility>

namespace tactic {

DeviceLane::DeviceLane(WorkerLaneOptions options) : options_(std::move(options)) {}

absl::Status DeviceLane::Open() {
  absl::StatusOr<std::unique_ptr<WorkerLane>> lane = WorkerLane::Start(options_);
  MutexLock lock(mu_);
  failure_ = lane.status();
  if (lane.ok()) lane_ = *std::move(lane);
  return failure_;
}

bool DeviceLane::IsOpen() const {
  MutexLock lock(mu_);
  return lane_ != nullptr;
}

LaneInfo DeviceLane::Info() const {
  std::shared_ptr<WorkerLane> lane;
  LaneInfo info;
  {
    MutexLock lock(mu_);
    lane = lane_;
    info.name = options_.device;
    info.state = failure_.ok() ? LaneState::kStarting : LaneState::kQuarantined;
    info.message = std::string(failure_.message());
  }
  return lane == nullptr ? info : lane->Info();
}

absl::StatusOr<ContestResult> DeviceLane::Run(
    const ContestSpec& spec, std::stop_token stop,
    absl::FunctionRef<void(const ContestProgress&)> progress) {
  std::shared_ptr<WorkerLane> lane;
  {
    MutexLock lock(mu_);
    lane = lane_;
  }
  if (lane == nullptr) return absl::UnavailableError("the lane is not open");
  return lane->Run(spec, std::move(stop), progress);
}

}  // namespace tactic
