// What is known of one contest, gathered from what its workers say. All of that is untrusted: a
// candidate may have written it. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/lane.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

class ContestRecord {
 public:
  // `runners`: those that may appear in the list of candidates.
  explicit ContestRecord(std::vector<RunnerId> runners) : runners_(std::move(runners)) {}

  // Each of these gives InvalidArgument, and changes nothing, when the message cannot be right; the
  // text names the field, its value and the bound.

  // The list; a later worker's must equal the first one's.
  absl::Status AddCandidates(const v1::Candidates& message);
  // Results. Those of a candidate that has failed already are left out.
  absl::Status AddObserved(const v1::Observed& message, uint32_t epoch);
  // The verdict; ToResult() is meaningful afterwards.
  absl::Status AddFinished(const v1::Finished& message);

  // The candidate ended its worker.
  void Fail(uint32_t candidate, Outcome outcome, std::string detail);

  uint32_t size() const { return static_cast<uint32_t>(trials_.size()); }  // 0 = no list yet.
  const Trial& trial(uint32_t candidate) const { return trials_[candidate]; }
  const std::vector<Trial>& trials() const { return trials_; }
  bool failed(uint32_t candidate) const { return !IsValid(trials_[candidate].outcome); }
  // Sampled or failed in this worker process.
  bool SeenIn(uint32_t epoch, uint32_t candidate) const;
  uint32_t failures() const;

  // Everything but Evidence::worker_restarts and seconds.
  ContestResult ToResult() const;

  static constexpr size_t kSamples = size_t{1} << 20;  // Of all candidates together.
  static constexpr size_t kDetailBytes = 512;

 private:
  absl::Status CheckItem(const v1::Observed::Item& item) const;
  absl::Status CheckVerdict(const v1::Finished& message) const;
  std::string FailureText() const;

  std::vector<RunnerId> runners_;
  std::vector<Trial> trials_;
  std::vector<uint32_t> seen_in_;  // Epoch + 1 of the last result of each candidate; 0 = none.
  size_t samples_ = 0;
  // The verdict.
  std::vector<uint32_t> order_;
  std::vector<double> low_ns_, high_ns_;
  Reason reason_ = Reason::kClear;
  uint32_t tied_ = 0;
};

}  // namespace tactic
