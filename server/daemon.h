// The daemon as objects: what main.cc runs.
#pragma once

#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/core/catalog.h"
#include "server/core/groups.h"
#include "server/core/leases.h"
#include "server/core/store.h"
#include "server/core/tuner.h"
#include "server/daemon_table.h"
#include "server/device_lane.h"
#include "server/flags.h"
#include "server/log/log.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/file_lock.h"
#include "server/rpc/groups_service.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/tuning_service.h"

namespace tactic {

// Why it could not start, and what to exit with.
struct StartFailure {
  int exit_code = 0;
  absl::Status status;
};

// One life: Start, Tick about once a second, Stop. Not thread-safe.
class Daemon {
 public:
  Daemon(Flags flags, const Logger& logger);
  ~Daemon();

  // In this order, so that whoever cannot go on has disturbed nobody: locks, store, lanes and
  // catalog side by side, jobs, sockets. A worker that cannot be started is no failure: reads are
  // served, and its lane says why.
  std::optional<StartFailure> Start();
  void Tick();
  // Refuses new jobs, stops contests (they go on after the next start), says goodbye to streams,
  // and closes the store.
  void Stop();

 private:
  std::optional<StartFailure> Lock();
  std::optional<StartFailure> OpenStore();
  std::optional<StartFailure> LoadDecisions();
  void StartLanes();
  std::optional<StartFailure> LoadJobs();
  std::optional<StartFailure> KeepTable();
  std::optional<StartFailure> Serve();
  // A lane's thread, which is the one that its workers belong to.
  void ServeLane(size_t index, const std::stop_token& stop);
  // Tries to open the lane until it is open, or until a stop.
  void ProbeLane(size_t index, const std::stop_token& stop);
  // Each lane has a health of its own, beside the daemon's: it serves unless it is quarantined.
  void ReportLanes();
  // Lets the lanes' threads go on, with a tuner or to their end.
  void ReleaseLanes();
  void Log(const TunerEvent& event) const;

  const Flags flags_;
  const Logger& logger_;
  std::optional<FileLock> state_lock_;
  std::vector<Listener> listeners_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Catalog> catalog_;
  std::vector<std::unique_ptr<DeviceLane>> lanes_;
  std::unique_ptr<Tuner> tuner_;
  std::unique_ptr<Leases> leases_;
  std::optional<std::latch> lanes_tried_;  // Each has been opened once, or failed to.
  std::latch lanes_released_{1};           // tuner_ is there, or will not be.
  bool released_ = false;
  std::vector<std::jthread> lane_threads_;
  std::unique_ptr<DaemonTable> table_;
  std::unique_ptr<TuningService> service_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<Groups> groups_;
  std::unique_ptr<GroupsService> groups_service_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace tactic
