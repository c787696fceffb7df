// The standing decisions and the bans in memory: what Lookup and Watch answer from. The store is
// behind it; nothing here is on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "server/core/mutex.h"
#include "server/core/subscriptions.h"
#include "tactic/model/ban.h"
#include "tactic/model/decision.h"

namespace tactic {

// Decisions are shared and immutable, so that readers copy a pointer.
using DecisionPtr = std::shared_ptr<const Decision>;

// All bans that hold, at one time. Shared and immutable likewise.
struct BanList {
  uint64_t generation = 0;  // Goes up with each change; of this catalog.
  std::vector<Ban> bans;
  uint64_t damaged = 0;  // In the store, and not to be read: they do not hold.
};
using BansPtr = std::shared_ptr<const BanList>;

// Thread-safe. Listeners are called outside the lock of the decisions, on the thread that
// published.
class Catalog {
 public:
  // `decisions`: the standing ones of the store, by revision; `revision`: the store's.
  Catalog(std::string store_id, uint64_t revision, std::vector<Decision> decisions);

  const std::string& store_id() const { return store_id_; }
  uint64_t Revision() const;
  size_t Size() const;

  DecisionPtr Find(const Fingerprint& key) const;  // As it was made; nullptr: there is none.
  // What is answered: the same without the candidates that are banned. nullptr: a miss, none is
  // left.
  DecisionPtr Answer(const Fingerprint& key) const;

  // Standing decisions with revision > `after`, by revision, at most `limit`; the revision up to
  // which this is complete.
  struct Page {
    std::vector<DecisionPtr> decisions;
    uint64_t complete_to = 0;
  };
  Page Since(uint64_t after, size_t limit) const;

  // Makes a stored decision visible and wakes the listeners. Revisions come in order: one that is
  // not newer than the newest is there already, and ignored.
  void Publish(Decision decision);

  BansPtr Bans() const;  // Never nullptr.
  // Makes stored bans hold, in place of those before, and wakes the listeners. Nothing if they are
  // the same.
  void SetBans(std::vector<Ban> bans, uint64_t damaged);

  // Calls `wake` after each Publish and SetBans, until Unsubscribe returns. subscriptions.h says
  // what a callback may do.
  uint64_t Subscribe(std::function<void()> wake);
  void Unsubscribe(uint64_t id);

 private:
  void Insert(DecisionPtr decision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string store_id_;
  mutable Mutex mu_;
  uint64_t revision_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<Fingerprint, DecisionPtr, FingerprintHash> by_key_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, DecisionPtr> by_revision_ ABSL_GUARDED_BY(mu_);  // Standing ones only.
  BansPtr bans_ ABSL_GUARDED_BY(mu_) = std::make_shared<const BanList>();
  Subscriptions listeners_;  // Synchronises itself.
};

}  // namespace tactic
