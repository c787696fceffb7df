// What is known of one contest, gathered from what those who measure it say: workers one after the
// other, or holders of a lease. All of that is untrusted: a candidate may have written it. Pure;
// not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/lane.h"
#include "tactic/model/ban.h"
#include "tactic/model/contest.h"

namespace tactic {

class ContestRecord {
 public:
  // `runners`: those that may appear in the list of candidates. What `bans` cover of the list has
  // failed from the beginning: rejected, and why.
  explicit ContestRecord(std::vector<RunnerId> runners, OpBans bans = {})
      : runners_(std::move(runners)), bans_(std::move(bans)) {}

  // Each of these gives InvalidArgument, and changes nothing, when what it is given cannot be
  // right; the text names the field, its value and the bound.

  // The list; a later worker's must equal the first one's.
  absl::Status AddCandidates(const std::vector<Candidate>& candidates);
  // Results of one round. Those of a candidate that has failed already are left out, and a second
  // one of the same round: it is the race's control (A/A), no evidence about the candidate.
  absl::Status AddResults(const std::vector<CandidateResult>& results, uint32_t round,
                          uint32_t epoch);
  // What was thrown away in a round, or (round 0, nothing discarded) seen meanwhile. Beyond
  // limits::kDisturbances they are left out.
  void AddDisturbance(Disturbance seen);
  // ToResult() is meaningful afterwards.
  absl::Status AddVerdict(const ContestVerdict& verdict);

  // The candidate ended its process, or hung.
  void Fail(uint32_t candidate, Outcome outcome, std::string_view detail);
  // Takes over what another record of the same contest has on candidates of this list.
  void TakeOver(const ContestRecord& earlier);

  uint32_t size() const { return static_cast<uint32_t>(trials_.size()); }  // 0 = no list yet.
  const Trial& trial(uint32_t candidate) const { return trials_[candidate]; }
  const std::vector<Trial>& trials() const { return trials_; }
  bool failed(uint32_t candidate) const { return IsFailure(trials_[candidate].outcome); }
  // Sampled or failed in this worker process.
  bool SeenIn(uint32_t epoch, uint32_t candidate) const;
  uint32_t failures() const;

  // Everything but Evidence::worker_restarts and seconds.
  ContestResult ToResult() const;

  static constexpr size_t kSamples = size_t{1} << 20;  // Of all candidates together.
  static constexpr size_t kDetailBytes = 512;

 private:
  absl::Status CheckResult(const CandidateResult& result) const;
  absl::Status CheckVerdict(const ContestVerdict& verdict) const;
  std::string FailureText() const;

  // Fails what is banned.
  void Reject();

  std::vector<RunnerId> runners_;
  OpBans bans_;
  std::vector<Trial> trials_;
  std::vector<uint32_t> seen_in_;  // Epoch + 1 of the last result of each candidate; 0 = none.
  size_t samples_ = 0;
  std::vector<Disturbance> disturbances_;
  ContestVerdict verdict_;
};

}  // namespace tactic
