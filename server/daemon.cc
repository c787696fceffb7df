#include "server/daemon.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <random>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/table/path.h"
#include "server/exit_codes.h"
#include "server/rpc/listener.h"
#include "server/store/memory_store.h"
#include "server/store/sqlite_store.h"

namespace tactic {
namespace {

constexpr std::chrono::minutes kProbeInterval{5};  // Of a worker that could not be started.
constexpr std::chrono::seconds kPatience{5};       // With calls that run when the daemon stops.

std::optional<StartFailure> Fail(int exit_code, absl::Status status) {
  return StartFailure{exit_code, std::move(status)};
}

int ExitOfLock(const absl::Status& status) {
  if (absl::IsAlreadyExists(status)) return kExitAlreadyRuns;
  return absl::IsPermissionDenied(status) ? kExitCannotCreate : kExitConfiguration;
}

int ExitOfStore(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      return kExitDamaged;
    case absl::StatusCode::kFailedPrecondition:
      return kExitConfiguration;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return kExitCannotCreate;
    default:
      return kExitInternal;
  }
}

// OK: it is there, and this user may write to it.
absl::Status MakeStateDir(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && access(directory.c_str(), W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (!error) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("--state-dir: ", directory.string(), ": ", error.message(),
                   "; make it writable for this user, or name another"));
}

// Tells this run of the daemon from all others.
std::string RandomEpoch() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

const char* NameOf(TunerEvent::Kind kind) {
  switch (kind) {
    case TunerEvent::Kind::kJobTaken:
      return "job_taken";
    case TunerEvent::Kind::kJobEnded:
      return "job_ended";
    case TunerEvent::Kind::kContestStarted:
      return "contest_started";
    case TunerEvent::Kind::kContestDecided:
      return "contest_decided";
    case TunerEvent::Kind::kContestFailed:
      return "contest_failed";
    case TunerEvent::Kind::kContestRequeued:
      return "contest_requeued";
    case TunerEvent::Kind::kLeaseGranted:
      return "lease_granted";
    case TunerEvent::Kind::kLeaseEnded:
      return "lease_ended";
    case TunerEvent::Kind::kLeaseDecided:
      return "lease_decided";
    case TunerEvent::Kind::kBanned:
      return "banned";
    case TunerEvent::Kind::kUnbanned:
      return "unbanned";
    case TunerEvent::Kind::kBansDamaged:
      return "bans_damaged";
    case TunerEvent::Kind::kStoreFailed:
      return "store_failed";
  }
  return "unknown";
}

LogLevel LevelOf(TunerEvent::Kind kind) {
  if (kind == TunerEvent::Kind::kStoreFailed || kind == TunerEvent::Kind::kBansDamaged) {
    return LogLevel::kError;
  }
  const bool warn = kind == TunerEvent::Kind::kContestFailed || kind == TunerEvent::Kind::kBanned ||
                    kind == TunerEvent::Kind::kUnbanned ||
                    kind == TunerEvent::Kind::kContestRequeued ||
                    kind == TunerEvent::Kind::kLeaseEnded;
  return warn ? LogLevel::kWarning : LogLevel::kInfo;
}

}  // namespace

Daemon::Daemon(Flags flags, const Logger& logger) : flags_(std::move(flags)), logger_(logger) {}

Daemon::~Daemon() { Stop(); }

std::optional<StartFailure> Daemon::Start() {
  std::optional<StartFailure> failure = Lock();
  if (!failure) failure = OpenStore();
  if (failure) return failure;
  StartLanes();
  failure = LoadDecisions();
  if (failure) return failure;
  lanes_tried_->wait();
  failure = LoadJobs();
  if (!failure) failure = KeepTable();
  return failure ? failure : Serve();
}

std::optional<StartFailure> Daemon::Lock() {
  for (const std::string& text : flags_.listen) {
    absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
    if (!address.ok()) return Fail(kExitUsage, address.status());
    absl::StatusOr<Listener> listener = Listener::Reserve(*std::move(address));
    if (!listener.ok()) return Fail(ExitOfLock(listener.status()), listener.status());
    listeners_.push_back(*std::move(listener));
  }
  if (flags_.memory_store) return std::nullopt;
  if (absl::Status made = MakeStateDir(flags_.state_dir); !made.ok()) {
    return Fail(kExitCannotCreate, std::move(made));
  }
  absl::StatusOr<FileLock> lock =
      FileLock::Acquire(absl::StrCat(flags_.state_dir, "/tacticd.lock"));
  if (!lock.ok()) return Fail(ExitOfLock(lock.status()), lock.status());
  state_lock_.emplace(*std::move(lock));
  return std::nullopt;
}

std::optional<StartFailure> Daemon::OpenStore() {
  if (flags_.memory_store) {
    store_ = std::make_unique<MemoryStore>();
  } else {
    SqliteStoreOptions options;
    options.writer = "tacticd " TACTIC_VERSION;
    options.log = [this](const std::string& line) { logger_.Warning("store", {{"line", line}}); };
    const auto file = std::filesystem::path(flags_.state_dir) / "tactic.db";
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(file, options);
    if (!store.ok()) return Fail(ExitOfStore(store.status()), store.status());
    store_ = *std::move(store);
  }
  return std::nullopt;
}

std::optional<StartFailure> Daemon::LoadDecisions() {
  const StoreInfo info = store_->Info();
  absl::StatusOr<std::vector<Decision>> decisions = store_->LoadDecisions();
  if (!decisions.ok()) return Fail(ExitOfStore(decisions.status()), decisions.status());
  catalog_ = std::make_unique<Catalog>(info.store_id, info.revision, *std::move(decisions));
  return std::nullopt;
}

void Daemon::StartLanes() {
  for (const std::string& device : flags_.lanes) {
    WorkerLaneOptions options;
    options.worker = flags_.worker;
    options.device = device;
    if (device == "host") {
      options.memory_limit_bytes = flags_.worker_memory_mib << 20;
      options.operand_limit_bytes = options.memory_limit_bytes / 2;
    } else {
      options.ready = absl::Seconds(60);  // For the driver to make a context.
    }
    options.log = [this, device](const std::string& line) {
      logger_.Info("lane", {{"lane", device}, {"line", line}});
    };
    lanes_.push_back(std::make_unique<DeviceLane>(std::move(options)));
  }
  lanes_tried_.emplace(static_cast<std::ptrdiff_t>(lanes_.size()));
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lane_threads_.emplace_back([this, i](const std::stop_token& stop) { ServeLane(i, stop); });
  }
}

std::optional<StartFailure> Daemon::LoadJobs() {
  std::vector<Lane*> lanes;
  for (const std::unique_ptr<DeviceLane>& lane : lanes_) lanes.push_back(lane.get());
  TunerOptions options;
  options.on_event = [this](const TunerEvent& event) { Log(event); };
  absl::StatusOr<std::unique_ptr<Tuner>> tuner =
      Tuner::Create(*store_, *catalog_, std::move(lanes), SystemClock(), std::move(options));
  if (!tuner.ok()) return Fail(ExitOfStore(tuner.status()), tuner.status());
  tuner_ = *std::move(tuner);
  LeaseOptions lease_options;
  lease_options.epoch = RandomEpoch();
  lease_options.ttl_ms = flags_.lease_ttl_ms;
  lease_options.on_event = [this](const TunerEvent& event) { Log(event); };
  leases_ = std::make_unique<Leases>(*tuner_, *catalog_, SystemClock(), std::move(lease_options));
  ReleaseLanes();
  return std::nullopt;
}

void Daemon::ServeLane(size_t index, const std::stop_token& stop) {
  if (const absl::Status opened = lanes_[index]->Open(); !opened.ok()) {
    logger_.Error("lane_failed", {{"lane", flags_.lanes[index]}, {"reason", opened.ToString()}});
  }
  lanes_tried_->count_down();
  lanes_released_.wait();
  ProbeLane(index, stop);
  if (!stop.stop_requested()) tuner_->ServeLane(index, stop);
}

void Daemon::ProbeLane(size_t index, const std::stop_token& stop) {
  DeviceLane& lane = *lanes_[index];
  std::mutex mu;
  std::condition_variable_any stopped;
  while (!lane.IsOpen()) {
    std::unique_lock lock(mu);
    stopped.wait_for(lock, stop, kProbeInterval, [] { return false; });
    if (stop.stop_requested()) return;
    const absl::Status opened = lane.Open();
    logger_.Warning("lane_probed", {{"lane", flags_.lanes[index]}, {"result", opened.ToString()}});
  }
}

void Daemon::ReleaseLanes() {
  if (!std::exchange(released_, true)) lanes_released_.count_down();
}

std::optional<StartFailure> Daemon::KeepTable() {
  if (!flags_.table_file) return std::nullopt;
  std::string path = *flags_.table_file;
  for (const Listener& listener : listeners_) {
    if (path.empty() && listener.address().is_unix()) {
      path = table::PathBeside(listener.address().path);
    }
  }
  if (path.empty()) return std::nullopt;
  absl::StatusOr<std::unique_ptr<DaemonTable>> kept =
      DaemonTable::Start(path, *catalog_, *tuner_, logger_);
  if (kept.ok()) {
    table_ = *std::move(kept);
  } else if (!flags_.table_file->empty()) {
    return Fail(ExitOfLock(kept.status()), kept.status());
  } else {
    // Nobody asked for it: the daemon serves without.
    logger_.Warning("table_file_failed", {{"reason", std::string(kept.status().message())}});
  }
  return std::nullopt;
}

std::optional<StartFailure> Daemon::Serve() {
  ServiceOptions options;
  options.version = TACTIC_VERSION;
  options.store = store_->Info().description;
  service_ =
      std::make_unique<TuningService>(*tuner_, *catalog_, *leases_, logger_, std::move(options));
  admin_ = std::make_unique<AdminService>(*tuner_, *catalog_, logger_, "tacticd " TACTIC_VERSION);
  GrpcServer::Options server_options;
  groups_ =
      std::make_unique<Groups>(*catalog_, SystemClock(), AgreementOptions{.epoch = RandomEpoch()});
  groups_service_ = std::make_unique<GroupsService>(*groups_);
  server_options.more_services = {admin_.get(), groups_service_.get()};
  absl::StatusOr<std::unique_ptr<GrpcServer>> server =
      GrpcServer::Start(std::move(listeners_), *service_, logger_, std::move(server_options));
  if (!server.ok()) return Fail(ExitOfLock(server.status()), server.status());
  server_ = *std::move(server);
  ReportLanes();
  logger_.Info("ready", {{"addresses", absl::StrJoin(server_->addresses(), " ")},
                         {"store", store_->Info().description},
                         {"decisions", catalog_->Size()},
                         {"revision", catalog_->Revision()},
                         {"lanes", absl::StrJoin(flags_.lanes, " ")},
                         {"table_file", table_ == nullptr ? "none" : table_->path()},
                         {"version", TACTIC_VERSION}});
  return std::nullopt;
}

void Daemon::Tick() {
  tuner_->Tick();
  leases_->Tick();
  if (table_ != nullptr) table_->Tick();
  ReportLanes();
}

void Daemon::ReportLanes() {
  for (const std::unique_ptr<DeviceLane>& lane : lanes_) {
    const LaneInfo info = lane->Info();
    server_->SetHealth(absl::StrCat("lane/", info.name), info.state != LaneState::kQuarantined);
  }
}

void Daemon::Stop() {
  if (tuner_ != nullptr) tuner_->Drain();
  if (leases_ != nullptr) leases_->Drain();
  if (groups_service_ != nullptr) groups_service_->Drain();
  if (server_ != nullptr) server_->Drain();
  for (std::jthread& lane : lane_threads_) lane.request_stop();
  if (server_ != nullptr) server_->Stop(kPatience);
  server_.reset();
  ReleaseLanes();
  lane_threads_.clear();
  groups_service_.reset();
  groups_.reset();
  admin_.reset();
  service_.reset();
  leases_.reset();
  table_.reset();
  tuner_.reset();
  lanes_.clear();
  catalog_.reset();
  store_.reset();
  listeners_.clear();
  state_lock_.reset();
}

void Daemon::Log(const TunerEvent& event) const {
  const LogLevel level = LevelOf(event.kind);
  if (!logger_.Enabled(level)) return;
  if (!event.problem.empty()) {
    logger_.Write(level, NameOf(event.kind),
                  {{"lane", event.lane}, {"problem", event.problem}, {"detail", event.detail}});
  } else {
    logger_.Write(level, NameOf(event.kind), {{"job", event.job}, {"detail", event.detail}});
  }
}

}  // namespace tactic
