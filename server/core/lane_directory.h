// What the lanes last said of themselves, ready for many readers, and what follows from it: which
// key a problem has here, and who can measure it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/lane.h"
#include "server/core/mutex.h"

namespace tactic {

// One lane at one moment. Immutable.
struct LaneView {
  explicit LaneView(LaneInfo lane);

  // Whether it has told its device and ops: from the first time it was ready on.
  bool Reported() const { return !info.ops.empty(); }
  // Whether it measures `op` in the environment with this fingerprint.
  bool Measures(const std::string& op, const Fingerprint& environment) const;

  LaneInfo info;
  std::map<std::string, Fingerprint> environments;  // By op.
};
using LaneViews = std::vector<LaneView>;

// Thread-safe.
class LaneDirectory {
 public:
  explicit LaneDirectory(std::vector<Lane*> lanes);  // They outlive this.

  std::shared_ptr<const LaneViews> Views() const;  // As of the last Refresh.
  void Refresh();                                  // Asks every lane.

 private:
  const std::vector<Lane*> lanes_;
  mutable Mutex mu_;
  std::shared_ptr<const LaneViews> views_ ABSL_GUARDED_BY(mu_);
};

// The key of `problem` where a lane measures its op, or in `environment` if that is given; op and
// runners (empty = all) checked, defaults filled in, policy resolved. `field` names the problem in
// messages: "problems[3]". InvalidArgument: the problem does not fit the op. NotFound: unknown op
// or runner; lists the known ones. Unavailable: no lane that could tell has reported yet.
absl::StatusOr<Key> KeyFor(const LaneViews& lanes, std::string_view field, Problem problem,
                           const MeasurementPolicy& policy, const std::vector<std::string>& runners,
                           const std::optional<Environment>& environment);

// OK if some lane takes contests of this key now; else Unavailable, and why.
absl::Status CheckMeasurable(const LaneViews& lanes, const Key& key);

// The lane that measures on a device of this class, and is called `name` unless that is empty;
// nullopt: there is none, and none was named. InvalidArgument: the named one is none, or of another
// class; or none was named and there are several.
absl::StatusOr<std::optional<size_t>> LaneOfDevice(const LaneViews& lanes,
                                                   const DeviceClass& device,
                                                   const std::string& name);

// Why no lane will ever measure `op` in the environment with this fingerprint, although all have
// reported; nullopt while one may.
std::optional<std::string> WhyUnmeasurable(const LaneViews& lanes, const std::string& op,
                                           const Fingerprint& environment);

}  // namespace tactic
