#include "server/core/job_table.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tactic {
namespace {

// The number in "j-17"; 0 for what this daemon would not have named so.
uint64_t NumberOf(const std::string& id) {
  uint64_t number = 0;
  if (!id.starts_with("j-") || id.size() < 3 || id[2] == '0') return 0;
  const auto [end, error] = std::from_chars(id.data() + 2, id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() ? number : 0;
}

}  // namespace

JobTable::Entry& JobTable::Insert(JobPtr job, int64_t created_ns, int64_t deadline_ns) {
  const uint64_t number = NumberOf(job->id);
  last_number_ = std::max(last_number_, number);
  by_request_[job->request_id] = number;
  if (IsTerminal(job->state)) {
    NoteEnd(*job);
  } else {
    unfinished_.insert(number);
  }
  Entry& entry = entries_[number];
  entry.job = std::move(job);
  entry.created_ns = created_ns;
  entry.deadline_ns = deadline_ns;
  return entry;
}

void JobTable::Replace(JobPtr job) {
  Entry* entry = FindMutable(job->id);
  if (entry == nullptr) return;
  if (IsTerminal(job->state) && !IsTerminal(entry->job->state)) NoteEnd(*job);
  entry->job = std::move(job);
  ++entry->version;
}

void JobTable::MarkStored(const std::string& id, bool stored) {
  if (stored) {
    unstored_.erase(NumberOf(id));
  } else if (Find(id) != nullptr) {
    unstored_.insert(NumberOf(id));
  }
}

bool JobTable::IsStored(const std::string& id) const { return !unstored_.contains(NumberOf(id)); }

void JobTable::NoteEnd(const Job& job) {
  const uint64_t number = NumberOf(job.id);
  unfinished_.erase(number);
  ended_.emplace(job.ended_unix_ms, number);
  ended_items_ += job.items.size();
}

const JobTable::Entry* JobTable::Find(const std::string& id) const {
  const auto found = entries_.find(NumberOf(id));
  return found == entries_.end() || found->second.job->id != id ? nullptr : &found->second;
}

JobTable::Entry* JobTable::FindMutable(const std::string& id) {
  return Find(id) == nullptr ? nullptr : &entries_.at(NumberOf(id));
}

const JobTable::Entry* JobTable::FindRequest(const std::string& request_id) const {
  const auto found = by_request_.find(request_id);
  if (found == by_request_.end()) return nullptr;
  const auto entry = entries_.find(found->second);
  return entry == entries_.end() ? nullptr : &entry->second;
}

std::string JobTable::NextId() const { return absl::StrCat("j-", last_number_ + 1); }

std::vector<const JobTable::Entry*> JobTable::Newest(size_t limit) const {
  std::vector<const Entry*> newest;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && newest.size() < limit; ++entry) {
    newest.push_back(&entry->second);
  }
  return newest;
}

std::vector<std::string> JobTable::PastDeadline(int64_t now_ns) const {
  std::vector<std::string> past;
  for (const uint64_t number : unfinished_) {
    const Entry& entry = entries_.at(number);
    if (entry.deadline_ns != 0 && entry.deadline_ns <= now_ns) past.push_back(entry.job->id);
  }
  return past;
}

std::vector<JobPtr> JobTable::Unstored() const {
  std::vector<JobPtr> unstored;
  for (const uint64_t number : unstored_) unstored.push_back(entries_.at(number).job);
  return unstored;
}

int64_t JobTable::ForgetBefore(int64_t retained_since, size_t max_items) const {
  if (ended_.empty()) return 0;
  int64_t before = retained_since;
  size_t items = ended_items_;
  for (auto oldest = ended_.begin(); items > max_items; ++oldest) {
    items -= entries_.at(oldest->second).job->items.size();
    before = std::max(before, oldest->first + 1);
  }
  return ended_.begin()->first < before ? before : 0;
}

void JobTable::Forget(int64_t ended_before_unix_ms) {
  while (!ended_.empty() && ended_.begin()->first < ended_before_unix_ms) {
    const auto entry = entries_.find(ended_.begin()->second);
    ended_items_ -= entry->second.job->items.size();
    const auto request = by_request_.find(entry->second.job->request_id);
    if (request != by_request_.end() && request->second == entry->first) by_request_.erase(request);
    unstored_.erase(entry->first);
    entries_.erase(entry);
    ended_.erase(ended_.begin());
  }
}

}  // namespace tactic
