// One watcher of the catalog: the Watch call of proto/tactic/v1/tuning.proto.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/catalog.h"
#include "server/rpc/stream_reactor.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

struct WatchOptions {
  std::chrono::milliseconds progress_interval{5000};  // A frame at least this often.
  // Then a Goodbye, so that every client resumes about twice an hour and that path is never rusty.
  std::chrono::milliseconds max_age{30 * 60 * 1000};
  size_t max_frame_decisions = 1000;
  size_t max_frame_bytes = size_t{1} << 20;  // Exceeded only by a single larger decision.
};

// A watch request that passed its checks.
struct WatchPosition {
  std::string store_id;
  uint64_t from_revision = 0;
  std::vector<std::string> ops;  // Empty = all.
  bool snapshot_only = false;
};

// Keeps the revision up to which all was sent, and the generation of the bans that were, and
// nothing else: what is new is read from the catalog when the reader has taken the last frame.
// `catalog` outlives it.
class WatchReactor final : public StreamReactor<v1::WatchResponse> {
 public:
  WatchReactor(StreamRegistry& registry, TaskThread& pump, Catalog& catalog, WatchPosition position,
               const WatchOptions& options);

 private:
  enum class Phase { kBegin, kSnapshot, kLive, kEnd };

  Step Next(v1::WatchResponse& frame, Signals signals) override;
  void Opened() override;
  void Closed() override;

  // What Next sends, but for the bans.
  Step NextOfDecisions(v1::WatchResponse& frame, Signals signals);
  Step Snapshot(v1::WatchResponse& frame);
  Step Live(v1::WatchResponse& frame);
  Step Goodbye(v1::WatchResponse& frame, const char* reason);
  bool CanResume() const;
  // The bans that hold, if they are not the ones that were sent last.
  void AddNewBans(v1::WatchResponse& frame);
  bool Wanted(const Decision& decision) const;
  // Adds wanted decisions after `sent_` until the frame is full or there are no more, and moves
  // `sent_`. False: there were none.
  bool Fill(v1::WatchResponse& frame);
  // False: it does not fit any more.
  bool Add(const Decision& decision, v1::WatchResponse& frame, size_t& bytes) const;

  Catalog& catalog_;
  const WatchPosition position_;
  const WatchOptions options_;
  const TaskThread::Time last_day_;  // Goodbye from then on.
  uint64_t subscription_ = 0;

  // Of Next.
  Phase phase_ = Phase::kBegin;
  uint64_t sent_ = 0;                  // All that stands up to this revision was sent.
  std::optional<uint64_t> bans_sent_;  // Their generation.
  TaskThread::Time progress_due_{};
};

}  // namespace tactic
