#include "server/core/scheduler.h"

#include <algorithm>

namespace tactic {

Scheduler::Subject Scheduler::Sorted(Subject subject) {
  std::vector<std::string>& runners = subject.runners;
  std::sort(runners.begin(), runners.end());
  runners.erase(std::unique(runners.begin(), runners.end()), runners.end());
  return subject;
}

void Scheduler::Enqueue(const Contest& contest) {
  for (const Waiter& waiter : contest.waiters) queues_[waiter.client].insert(contest.id);
}

void Scheduler::Dequeue(const Contest& contest) {
  for (const Waiter& waiter : contest.waiters) {
    const auto queue = queues_.find(waiter.client);
    if (queue == queues_.end()) continue;  // Two waiters of one client.
    queue->second.erase(contest.id);
    if (queue->second.empty()) queues_.erase(queue);
  }
}

void Scheduler::Add(const Key& key, Subject subject, Waiter waiter) {
  const auto [found, is_new] = by_subject_.try_emplace(Sorted(std::move(subject)), next_id_);
  if (is_new) {
    Contest& contest = contests_[next_id_];
    contest.id = next_id_++;
    contest.key = key;
    contest.fingerprint = found->first.fingerprint;
    contest.environment = FingerprintOf(key.environment);
    contest.runners = found->first.runners;
    contest.verify = found->first.verify;
  }
  Contest& contest = contests_.at(found->second);
  if (!contest.running) queues_[waiter.client].insert(contest.id);
  contest.waiters.push_back(std::move(waiter));
}

bool Scheduler::HasWork(const Filter& accepts) const {
  return std::any_of(contests_.begin(), contests_.end(), [&](const auto& entry) {
    return !entry.second.running && accepts(entry.second);
  });
}

std::optional<Scheduler::Contest> Scheduler::Take(size_t lane, const Filter& accepts) {
  for (const bool verify : {false, true}) {
    auto contest =
        TakeAny(lane, [&](const Contest& next) { return next.verify == verify && accepts(next); });
    if (contest) return contest;
  }
  return std::nullopt;
}

std::optional<Scheduler::Contest> Scheduler::TakeAny(size_t lane, const Filter& accepts) {
  auto turn = queues_.upper_bound(last_client_);
  for (size_t tried = 0; tried < queues_.size(); ++tried, ++turn) {
    if (turn == queues_.end()) turn = queues_.begin();
    const auto next = std::find_if(turn->second.begin(), turn->second.end(),
                                   [&](uint64_t id) { return accepts(contests_.at(id)); });
    if (next == turn->second.end()) continue;
    Contest& contest = contests_.at(*next);
    last_client_ = turn->first;
    Dequeue(contest);
    contest.running = true;
    contest.lane = lane;
    contest.stop = std::stop_source();
    contest.progress = ContestProgress();
    ++running_;
    return contest;
  }
  return std::nullopt;
}

std::vector<Scheduler::Waiter> Scheduler::Requeue(uint64_t id, bool failed) {
  Contest& contest = contests_.at(id);
  if (contest.waiters.empty()) return Finish(id);
  contest.running = false;
  --running_;
  if (failed) ++contest.failures;
  Enqueue(contest);
  return contest.waiters;
}

std::vector<Scheduler::Waiter> Scheduler::Finish(uint64_t id) {
  const auto found = contests_.find(id);
  std::vector<Waiter> waiters = std::move(found->second.waiters);
  // One that was given up is no longer there to be joined; a successor may be in its place.
  const Contest& contest = found->second;
  const auto subject = by_subject_.find({contest.fingerprint, contest.runners, contest.verify});
  if (subject != by_subject_.end() && subject->second == id) by_subject_.erase(subject);
  if (contest.running) --running_;
  contests_.erase(found);
  return waiters;
}

std::optional<std::stop_source> Scheduler::Detach(Subject subject, const std::string& job,
                                                  size_t item) {
  const auto found = by_subject_.find(Sorted(std::move(subject)));
  if (found == by_subject_.end()) return std::nullopt;
  Contest& contest = contests_.at(found->second);
  if (!contest.running) Dequeue(contest);
  std::erase_if(contest.waiters,
                [&](const Waiter& waiter) { return waiter.job == job && waiter.item == item; });
  if (!contest.waiters.empty()) {
    if (!contest.running) Enqueue(contest);
    return std::nullopt;
  }
  if (!contest.running) {
    contests_.erase(contest.id);
    by_subject_.erase(found);
    return std::nullopt;
  }
  by_subject_.erase(found);
  return contest.stop;
}

void Scheduler::SetProgress(uint64_t id, ContestProgress progress) {
  const auto found = contests_.find(id);
  if (found != contests_.end()) found->second.progress = std::move(progress);
}

const Scheduler::Contest* Scheduler::Find(Subject subject) const {
  const auto found = by_subject_.find(Sorted(std::move(subject)));
  return found == by_subject_.end() ? nullptr : Find(found->second);
}

const Scheduler::Contest* Scheduler::Find(uint64_t id) const {
  const auto found = contests_.find(id);
  return found == contests_.end() ? nullptr : &found->second;
}

std::vector<const Scheduler::Contest*> Scheduler::Queued() const {
  std::vector<const Contest*> queued;
  for (const auto& [id, contest] : contests_) {
    if (!contest.running) queued.push_back(&contest);
  }
  return queued;
}

}  // namespace tactic
