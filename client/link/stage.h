// What a daemon sends, on its way into the cache: passed on at once while the table follows the
// daemon, kept while the table is pinned, or held for a graph capture, until it is told to move.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tactic/cache.h"
#include "tactic/client.h"

namespace tactic::link {

// What is known of ops: whose decisions may answer.
struct OpFacts {
  std::vector<std::pair<std::string, Environment>> environments;
  std::vector<std::pair<std::string, Parameters>> defaults;
};

// What a group agreed on.
struct Cut {
  TablePosition position;
  bool whole = false;  // `decisions` are all of it; else those that changed since what was held.
  std::vector<Decision> decisions;
};

// Thread-safe. The stream's calls come from one thread, each with where the store is with it.
//
// A table is exactly at a revision if it holds what stood in the store at that revision, no more
// and no less. A stream may leave out what was superseded before it was sent, so not every revision
// that it passes is one: exact are those at which it came to rest, and those that it reached
// without leaving anything out (each change of a store has a revision of its own).
class Stage {
 public:
  // At most so many changes are kept one by one; beyond that, only the last of each key is.
  static constexpr size_t kMostKept = 65536;

  explicit Stage(Cache& cache, size_t most_kept = kMostKept) : cache_(cache), fold_at_(most_kept) {}

  void SetFacts(OpFacts facts);
  // The stream.
  void BeginSnapshot();
  void AddToSnapshot(std::vector<Decision> part);
  void CommitSnapshot(const TablePosition& at);
  void Apply(std::vector<Decision> changes, const TablePosition& at);
  void Rest(const TablePosition& at);  // Nothing newer stands.
  // What must not be run: holds at once, also in a table that is pinned or held.
  void SetBans(std::vector<Ban> bans) { cache_.SetBans(std::move(bans)); }

  // The user; what each means is in tactic/client.h.
  TablePosition Pin();
  Check Advance(const TablePosition& to);
  // False: the table has become another store's; the stream has to start over with a snapshot.
  [[nodiscard]] bool Unpin();
  TablePosition Position() const;
  // Where Advance can go: the newest one.
  TablePosition Newest() const;

  // Waits for a move of a group to end. While held, nothing moves.
  void Hold();
  [[nodiscard]] bool Release();  // As Unpin.

  // A group pins the table for itself. False: another one has.
  bool EnterGroup();
  [[nodiscard]] bool LeaveGroup();  // As Unpin.
  // False: the table is held. Until EndMove, nobody can hold it.
  bool BeginMove();
  void EndMove();
  // The environments that count after the next move, by op.
  std::vector<std::pair<std::string, Environment>> Environments() const;
  // REQUIRES: between BeginMove and EndMove, and that Position is what the cut was made for.
  void Adopt(Cut cut);

 private:
  struct Range {
    uint64_t first;
    uint64_t last;
  };

  // All REQUIRE mu_.
  bool Frozen() const { return pinned_ || grouped_ || holds_ > 0; }
  bool Composes() const { return follows_stream_ || snapshot_waits_; }
  void Note(const TablePosition& at, size_t changes, bool rest);
  void Keep(std::vector<Decision> changes);
  void Fold();
  Check CheckReachable(const TablePosition& to) const;
  void MoveTo(const TablePosition& to);
  bool Thaw();
  void ApplyFacts();

  Cache& cache_;  // Synchronises itself.

  mutable std::mutex mu_;
  std::condition_variable moved_;
  // Guarded by mu_:
  bool pinned_ = false;
  bool grouped_ = false;
  bool moving_ = false;
  int holds_ = 0;
  TablePosition table_;          // No store: not exactly any.
  bool follows_stream_ = false;  // What is kept continues the table.
  bool snapshot_waits_ = false;  // The cache has one staged; what is kept continues that.
  TablePosition exact_;          // The last exact position of the stream,
  uint64_t since_ = 0;           // and how many changes came after it.
  uint64_t snapshot_at_ = 0;     // The revision of the one that waits.
  std::vector<Decision> kept_;   // By revision.
  size_t fold_at_;
  std::vector<Range> exact_ranges_;
  OpFacts facts_;  // In force.
  std::optional<OpFacts> next_facts_;
};

}  // namespace tactic::link
