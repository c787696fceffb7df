// A Store that lives as long as the process (--store=memory): the same contract, except that
// nothing survives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "server/core/mutex.h"
#include "server/core/store.h"

namespace tactic {

class MemoryStore final : public Store {
 public:
  MemoryStore();

  StoreInfo Info() const override;
  absl::StatusOr<std::optional<Decision>> PutContest(const Key& key,
                                                     const std::optional<Decision>& decision,
                                                     const Evidence& evidence) override;
  absl::StatusOr<std::vector<std::optional<Decision>>> AddContests(
      const std::vector<StoredContest>& contests) override;
  absl::StatusOr<bool> HasContest(const StoredContest& contest) override;
  absl::StatusOr<std::optional<StoredContest>> NextContest(uint64_t after,
                                                           uint64_t& damaged) override;
  absl::StatusOr<std::vector<Decision>> LoadDecisions() override;
  absl::StatusOr<Decision> FindDecision(uint64_t id) override;
  absl::StatusOr<Evidence> LoadEvidence(uint64_t decision_id) override;
  absl::Status PutJob(const Job& job) override;
  absl::Status UpdateJobItem(const Job& job, size_t index) override;
  absl::StatusOr<std::vector<Job>> LoadJobs() override;
  absl::Status DeleteJobsEndedBefore(int64_t unix_ms) override;
  absl::Status AddMisses(const std::vector<MissedCall>& misses) override;
  absl::StatusOr<std::vector<MissedCall>> LoadMisses() override;
  absl::Status PutBan(const Ban& ban) override;
  absl::StatusOr<bool> RemoveBan(const Ban& ban) override;
  absl::StatusOr<std::vector<Ban>> LoadBans(uint64_t& damaged) override;

 private:
  // The contest as stored.
  const StoredContest& Insert(StoredContest contest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const StoredContest* FindDecided(uint64_t decision_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string store_id_;
  mutable Mutex mu_;
  uint64_t revision_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, StoredContest> contests_ ABSL_GUARDED_BY(mu_);  // By id.
  std::unordered_set<Fingerprint, FingerprintHash> contents_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> decided_ ABSL_GUARDED_BY(mu_);  // By decision id - 1: the contest.
  // By key: the contest whose decision stands.
  std::unordered_map<Fingerprint, uint64_t, FingerprintHash> standing_ ABSL_GUARDED_BY(mu_);
  std::vector<Job> jobs_ ABSL_GUARDED_BY(mu_);           // Oldest first.
  std::vector<MissedCall> misses_ ABSL_GUARDED_BY(mu_);  // Seen longest ago first.
  std::vector<Ban> bans_ ABSL_GUARDED_BY(mu_);           // Oldest first.
};

}  // namespace tactic
