// From requests to the core's values, with every check of the edge: InvalidArgument names the
// field, its value and the bound. A request of any content is safe to parse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "server/core/tuner.h"
#include "server/rpc/watch_reactor.h"
#include "tactic/v1/admin.pb.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

namespace limits {
inline constexpr size_t kRequestBytes = size_t{1} << 20;
inline constexpr size_t kRunnerFilter = 64;
inline constexpr size_t kWatchOps = 64;
inline constexpr size_t kClientBytes = 128;
inline constexpr uint64_t kDeadlineMs = uint64_t{7} * 24 * 3600 * 1000;
inline constexpr uint32_t kDefaultListedJobs = 100;
inline constexpr uint32_t kListedJobs = 1000;
inline constexpr size_t kReportedMisses = 256;
inline constexpr uint32_t kDefaultListedMisses = 1000;
}  // namespace limits

// Either the problem or the id.
struct LookupQuestion {
  Problem problem;
  MeasurementPolicy policy;
  std::optional<Environment> environment;
  uint64_t decision_id = 0;  // 0: by problem.
  bool with_evidence = false;
  bool without_samples = false;
};

struct MissReport {
  std::vector<ReportedMiss> misses;
  MeasurementPolicy policy;
};
struct MissQuestion {
  std::vector<std::string> ops;  // Empty: all.
  size_t limit = 0;
};

absl::Status CheckSize(const google::protobuf::MessageLite& request);
absl::StatusOr<LookupQuestion> Parse(const v1::LookupRequest& request);
absl::StatusOr<TuneRequest> Parse(const v1::TuneRequest& request);
absl::StatusOr<WatchPosition> Parse(const v1::WatchRequest& request);
absl::StatusOr<std::string> ParseJobId(const std::string& id);
absl::StatusOr<size_t> Parse(const v1::ListJobsRequest& request);
absl::StatusOr<MissReport> Parse(const v1::ReportMissesRequest& request);
absl::StatusOr<MissQuestion> Parse(const v1::ListMissesRequest& request);
absl::StatusOr<Ban> Parse(const v1::BanRequest& request);
absl::StatusOr<Ban> Parse(const v1::UnbanRequest& request);  // Only what is banned.

}  // namespace tactic
