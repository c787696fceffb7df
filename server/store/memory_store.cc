#include "server/store/memory_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/put_checks.h"
#include "server/store/store_id.h"

namespace tactic {
namespace {

absl::Status NoDecision(uint64_t id) {
  return absl::NotFoundError(absl::StrCat("no decision ", id, " in this store"));
}

auto FindJob(std::vector<Job>& jobs, const std::string& id) {
  return std::find_if(jobs.begin(), jobs.end(), [&id](const Job& j) { return j.id == id; });
}

}  // namespace

MemoryStore::MemoryStore() : store_id_(NewStoreId()) {}

StoreInfo MemoryStore::Info() const {
  MutexLock lock(mu_);
  return {"memory", store_id_, revision_, /*damaged_rows=*/0};
}

const StoredContest& MemoryStore::Insert(StoredContest contest) {
  contest.id = contests_.size() + 1;
  contest.evidence.decision_id = 0;
  contest.standing = contest.standing && contest.decision;
  contents_.insert(ContentOf(contest));
  if (contest.decision) {
    decided_.push_back(contest.id);
    contest.decision->id = contest.evidence.decision_id = decided_.size();
    contest.decision->revision = contest.standing ? ++revision_ : 0;
  }
  if (contest.standing) {
    const auto [standing, first] = standing_.emplace(FingerprintOf(contest.key), contest.id);
    if (!first) contests_.at(standing->second).standing = false;
    standing->second = contest.id;
  }
  const uint64_t id = contest.id;
  return contests_.emplace(id, std::move(contest)).first->second;
}

const StoredContest* MemoryStore::FindDecided(uint64_t decision_id) const {
  if (decision_id == 0 || decision_id > decided_.size()) return nullptr;
  return &contests_.at(decided_[decision_id - 1]);
}

absl::StatusOr<std::optional<Decision>> MemoryStore::PutContest(
    const Key& key, const std::optional<Decision>& decision, const Evidence& evidence) {
  RETURN_IF_ERROR(CheckContest(key, decision, evidence));
  MutexLock lock(mu_);
  return Insert({0, key, decision, evidence, /*standing=*/true}).decision;
}

absl::StatusOr<std::vector<std::optional<Decision>>> MemoryStore::AddContests(
    const std::vector<StoredContest>& contests) {
  for (const StoredContest& contest : contests) {
    RETURN_IF_ERROR(CheckContest(contest.key, contest.decision, contest.evidence));
  }
  std::vector<std::optional<Decision>> stored;
  MutexLock lock(mu_);
  for (const StoredContest& contest : contests) stored.push_back(Insert(contest).decision);
  return stored;
}

absl::StatusOr<bool> MemoryStore::HasContest(const StoredContest& contest) {
  MutexLock lock(mu_);
  return contents_.contains(ContentOf(contest));
}

absl::StatusOr<std::optional<StoredContest>> MemoryStore::NextContest(uint64_t after, uint64_t&) {
  MutexLock lock(mu_);
  const auto next = contests_.upper_bound(after);
  if (next == contests_.end()) return std::nullopt;
  return next->second;
}

absl::StatusOr<std::vector<Decision>> MemoryStore::LoadDecisions() {
  MutexLock lock(mu_);
  std::vector<Decision> standing;
  for (const auto& [id, contest] : contests_) {
    if (contest.standing) standing.push_back(*contest.decision);  // Revisions go up with ids.
  }
  return standing;
}

absl::StatusOr<Decision> MemoryStore::FindDecision(uint64_t id) {
  MutexLock lock(mu_);
  const StoredContest* contest = FindDecided(id);
  if (contest == nullptr) return NoDecision(id);
  return *contest->decision;
}

absl::StatusOr<Evidence> MemoryStore::LoadEvidence(uint64_t decision_id) {
  MutexLock lock(mu_);
  const StoredContest* contest = FindDecided(decision_id);
  if (contest == nullptr) return NoDecision(decision_id);
  return contest->evidence;
}

absl::Status MemoryStore::PutJob(const Job& job) {
  RETURN_IF_ERROR(CheckJob(job));
  MutexLock lock(mu_);
  const auto it = FindJob(jobs_, job.id);
  if (it == jobs_.end()) {
    jobs_.push_back(job);
  } else {
    *it = job;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::UpdateJobItem(const Job& job, size_t index) {
  RETURN_IF_ERROR(CheckJobItem(job, index));
  MutexLock lock(mu_);
  const auto it = FindJob(jobs_, job.id);
  if (it == jobs_.end()) {
    return absl::NotFoundError(absl::StrCat("no job ", job.id, " in this store"));
  }
  RETURN_IF_ERROR(CheckItemCount(job, it->items.size()));
  std::vector<JobItem> items = std::move(it->items);
  items[index] = job.items[index];
  *it = job;
  it->items = std::move(items);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Job>> MemoryStore::LoadJobs() {
  MutexLock lock(mu_);
  return jobs_;
}

absl::Status MemoryStore::DeleteJobsEndedBefore(int64_t unix_ms) {
  MutexLock lock(mu_);
  std::erase_if(jobs_, [unix_ms](const Job& job) {
    return job.ended_unix_ms != 0 && job.ended_unix_ms < unix_ms;
  });
  return absl::OkStatus();
}

absl::Status MemoryStore::AddMisses(const std::vector<MissedCall>& misses) {
  RETURN_IF_ERROR(CheckMisses(misses));
  MutexLock lock(mu_);
  for (const MissedCall& miss : misses) {
    const auto known = std::find_if(misses_.begin(), misses_.end(), [&](const MissedCall& m) {
      return m.shapes == miss.shapes && m.key == miss.key;
    });
    if (known == misses_.end()) {
      misses_.push_back(miss);
      continue;
    }
    known->count += miss.count;
    known->first_unix_ms = std::min(known->first_unix_ms, miss.first_unix_ms);
    known->last_unix_ms = std::max(known->last_unix_ms, miss.last_unix_ms);
  }
  // Of equal times the one that became known last goes first.
  std::vector<MissedCall> newest(misses_.rbegin(), misses_.rend());
  const auto later = [](const MissedCall& a, const MissedCall& b) {
    return a.last_unix_ms > b.last_unix_ms;
  };
  std::stable_sort(newest.begin(), newest.end(), later);
  if (newest.size() > limits::kStoredMisses) newest.resize(limits::kStoredMisses);
  misses_.assign(newest.rbegin(), newest.rend());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<MissedCall>> MemoryStore::LoadMisses() {
  MutexLock lock(mu_);
  return std::vector<MissedCall>(misses_.rbegin(), misses_.rend());
}

absl::Status MemoryStore::PutBan(const Ban& ban) {
  RETURN_IF_ERROR(CheckBanToStore(ban));
  MutexLock lock(mu_);
  const auto known = std::find_if(bans_.begin(), bans_.end(),
                                  [&ban](const Ban& other) { return SameBan(ban, other); });
  if (known != bans_.end()) {
    *known = ban;
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckRoomForBan(bans_.size()));
  bans_.push_back(ban);
  return absl::OkStatus();
}

absl::StatusOr<bool> MemoryStore::RemoveBan(const Ban& ban) {
  MutexLock lock(mu_);
  return std::erase_if(bans_, [&ban](const Ban& other) { return SameBan(ban, other); }) > 0;
}

absl::StatusOr<std::vector<Ban>> MemoryStore::LoadBans(uint64_t&) {
  MutexLock lock(mu_);
  return bans_;
}

}  // namespace tactic
