// The records of proto/tactic/v1/admin.proto: contests of a store as messages and back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "server/core/stored_contest.h"
#include "tactic/v1/admin.pb.h"

namespace tactic {

// Without the trials.
void Render(const StoredContest& contest, v1::ExportedContest* to);
// The trials from `first` on, as many as fit into one record; the index of the next one.
size_t RenderTrials(const std::vector<Trial>& trials, size_t first, v1::ExportedTrials* to);

// Puts contests together again. Records are untrusted. Holds the contests that TakeWhole has not
// given out yet, and one that is not whole. Not thread-safe.
class ExportReader {
 public:
  static constexpr size_t kContestBytes = size_t{64} << 20;

  // The next record. InvalidArgument names it and the field at fault; FailedPrecondition: a newer
  // format. After an error nothing more is to be taken.
  absl::Status Take(const v1::ExportRecord& record);

  // Whole contests since the last call, and about how many bytes their records had.
  std::vector<StoredContest> TakeWhole();
  size_t whole_contests() const { return whole_.size(); }
  size_t whole_bytes() const { return whole_bytes_; }

  // The end came, and its counts are those of what came before it.
  bool complete() const { return ended_; }

 private:
  absl::Status TakeHeader(const v1::ExportHeader& header);
  absl::Status TakeContest(const v1::ExportedContest& contest);
  absl::Status TakeTrials(const v1::ExportedTrials& trials);
  absl::Status TakeEnd(const v1::ExportEnd& end);
  absl::Status CheckBetweenContests() const;
  void FinishContest();

  uint64_t records_ = 0;
  bool ended_ = false;
  std::optional<StoredContest> contest_;  // Whose trials are coming.
  uint32_t trials_missing_ = 0;
  size_t contest_bytes_ = 0;
  std::vector<StoredContest> whole_;
  size_t whole_bytes_ = 0;
  uint64_t contests_ = 0, decisions_ = 0, trials_ = 0;
};

}  // namespace tactic
