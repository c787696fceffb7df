// The jobs in memory. Passive: owns no thread, no lock and no store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/job.h"

namespace tactic {

// A job at one moment. Immutable, so that readers and the store need no lock.
using JobPtr = std::shared_ptr<const Job>;

// Not thread-safe.
class JobTable {
 public:
  struct Entry {
    JobPtr job;
    uint64_t version = 1;    // Goes up with each change, and with the progress of its contests.
    int64_t created_ns = 0;  // On the monotonic clock; may be negative for a job of an earlier run.
    int64_t deadline_ns = 0;  // Likewise; 0 = none.
    // Of the contests that ended for it, for the estimate.
    uint32_t measured = 0;
    double measured_seconds = 0;
  };

  Entry& Insert(JobPtr job, int64_t created_ns, int64_t deadline_ns);
  // Shows `job` instead of the job with its id.
  void Replace(JobPtr job);
  // Whether the store has the job as it is shown; true for a new one.
  void MarkStored(const std::string& id, bool stored);
  bool IsStored(const std::string& id) const;

  const Entry* Find(const std::string& id) const;  // nullptr: unknown.
  Entry* FindMutable(const std::string& id);
  // The newest job that this request made.
  const Entry* FindRequest(const std::string& request_id) const;

  std::string NextId() const;  // "j-17": above every number that was inserted.
  std::vector<const Entry*> Newest(size_t limit) const;
  std::vector<std::string> PastDeadline(int64_t now_ns) const;
  std::vector<JobPtr> Unstored() const;

  // The time before which jobs must have ended to be forgotten now: `retained_since`, or later if
  // ended jobs have more than `max_items` items in all. 0: there is nothing to forget.
  int64_t ForgetBefore(int64_t retained_since, size_t max_items) const;
  void Forget(int64_t ended_before_unix_ms);

 private:
  void NoteEnd(const Job& job);

  std::map<uint64_t, Entry> entries_;  // By the number in the id.
  std::map<std::string, uint64_t> by_request_;
  std::set<uint64_t> unfinished_;
  std::set<uint64_t> unstored_;
  std::set<std::pair<int64_t, uint64_t>> ended_;  // By time.
  size_t ended_items_ = 0;
  uint64_t last_number_ = 0;
};

}  // namespace tactic
