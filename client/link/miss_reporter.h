// Tells the daemon which calls missed, at their real sizes and with how often: gathers for a while,
// then makes few, bounded requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/link/connection.h"
#include "tactic/cache.h"

namespace tactic::link {

// Not thread-safe: its owner has the lock.
class MissReporter {
 public:
  explicit MissReporter(std::string client) : client_(std::move(client)) {}

  // Of more than kMostGathered distinct calls the later ones are dropped.
  void Add(const std::vector<MissCount>& misses);

  // What is due to be sent now: nothing until `kEvery` after the last time, except the first time.
  // One request for each policy and kMostInARequest calls. Misses whose shapes are no problem of
  // their op are dropped.
  std::vector<v1::ReportMissesRequest> TakeDue();

 private:
  static constexpr Millis kEvery{10'000};
  static constexpr size_t kMostGathered = 1024;
  static constexpr int kMostInARequest = 256;
  using Call = std::pair<const OpSpec*, Shapes>;

  const std::string client_;
  std::map<Call, MissCount> gathered_;
  int64_t sent_ns_ = 0;  // 0 = never.
};

}  // namespace tactic::link
