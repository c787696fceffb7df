// Which contest is next. Passive: owns no thread and no lock, and never looks at a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/core/job.h"
#include "tactic/model/key.h"

namespace tactic {

// Single flight: what two jobs ask of one key with the same filter of runners is one contest, and
// both wait for it; verifying a decision is another contest than making one. Fair: clients take
// turns, one contest each; inside a client, first come first served. A contest belongs to every
// client that waits for it, so that whoever joins late does not wait for the queue of whoever came
// first. Not thread-safe.
class Scheduler {
 public:
  // What makes two requests one contest.
  struct Subject {
    Fingerprint fingerprint;           // Of the key.
    std::vector<std::string> runners;  // Empty = all. Any order.
    bool verify = false;               // Of the standing decision: later than all others.
    auto operator<=>(const Subject&) const = default;
  };

  // An item of a job that waits for a contest.
  struct Waiter {
    std::string job;
    size_t item = 0;
    std::string client;
    bool operator==(const Waiter&) const = default;
  };

  struct Contest {
    uint64_t id = 0;
    Key key;
    Fingerprint fingerprint;           // Of the key.
    Fingerprint environment;           // Of the key's environment.
    std::vector<std::string> runners;  // Sorted; empty = all.
    bool verify = false;
    std::vector<Waiter> waiters;
    int failures = 0;  // Runs that ended because the lane did.
    size_t lane = 0;   // That runs it.
    bool running = false;
    std::stop_source stop;
    ContestProgress progress;
  };

  // Whether the lane that asks can measure this contest.
  using Filter = std::function<bool(const Contest&)>;

  // Makes `waiter` wait for the contest of `subject`, which is about `key`; a new one if there is
  // none.
  void Add(const Key& key, Subject subject, Waiter waiter);

  bool HasWork(const Filter& accepts) const;
  // The next contest that `accepts`, now running on `lane`; its stop source is fresh. One that
  // verifies only if there is no other.
  std::optional<Contest> Take(size_t lane, const Filter& accepts);
  // Puts a running contest back where it was in the queue, with one more failure if `failed`.
  // Nothing when nobody waits for it any more. Returns who waits.
  std::vector<Waiter> Requeue(uint64_t id, bool failed);
  // Ends a contest. Returns who waited.
  std::vector<Waiter> Finish(uint64_t id);

  // Stops `job`'s item waiting. A queued contest that nobody waits for is dropped; of a running one
  // the stop source is returned, and whoever asks for its key from now on gets a new contest.
  std::optional<std::stop_source> Detach(Subject subject, const std::string& job, size_t item);

  void SetProgress(uint64_t id, ContestProgress progress);
  // The contest that items with this subject wait for; nullptr: none.
  const Contest* Find(Subject subject) const;
  const Contest* Find(uint64_t id) const;

  // Contests not running yet, in no particular order.
  std::vector<const Contest*> Queued() const;
  size_t QueuedCount() const { return contests_.size() - running_; }

 private:
  static Subject Sorted(Subject subject);
  std::optional<Contest> TakeAny(size_t lane, const Filter& accepts);
  void Enqueue(const Contest& contest);
  void Dequeue(const Contest& contest);

  std::map<uint64_t, Contest> contests_;              // By id; ids grow, so the oldest is first.
  std::map<Subject, uint64_t> by_subject_;            // Those that can be joined.
  std::map<std::string, std::set<uint64_t>> queues_;  // By client: contests not running.
  std::string last_client_;                           // Whose turn was last.
  size_t running_ = 0;
  uint64_t next_id_ = 1;
};

}  // namespace tactic
