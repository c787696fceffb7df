// One import: which decisions of another store come to stand here, which are kept behind what
// stands, and what is there already. Pure: no store, no lock.
//
// The rules. A contest that is stored already changes nothing. A decision that its own store had
// superseded is history: kept, never visible. Of two standing decisions of one key the stronger one
// (stored_contest.h) stands and the other is kept behind it; except that one which the other store
// knew and had superseded yields to its successor there. A contest without a valid candidate is
// kept as evidence. So nothing is lost, taking a file twice changes nothing, and of two stores that
// take each other's decisions both end with the same ones.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/core/stored_contest.h"

namespace tactic {

// Two different decisions that stood for one key.
struct ImportConflict {
  Decision ours;
  Decision theirs;
  bool theirs_won = false;
  std::string why;
};

// Contests taken so far: known + added + replaced + behind + undecided.
struct ImportSummary {
  uint64_t known = 0;      // Stored already; nothing changed.
  uint64_t added = 0;      // Decisions of keys that had none.
  uint64_t replaced = 0;   // Decisions that now stand in place of ours.
  uint64_t behind = 0;     // Decisions kept behind what stands: history, and those that lost.
  uint64_t undecided = 0;  // Contests without a valid candidate.
  uint64_t conflict_count = 0;
  std::vector<ImportConflict> conflicts;  // The first kMostConflicts.

  uint64_t contests() const { return known + added + replaced + behind + undecided; }
};

class ImportSession {
 public:
  static constexpr size_t kMostConflicts = 10'000;

  // `dry_run`: nothing is stored; the summary says what would be.
  explicit ImportSession(bool dry_run) : dry_run_(dry_run) {}

  bool dry_run() const { return dry_run_; }
  const ImportSummary& summary() const { return summary_; }

  // What stands for a key, with its evidence.
  struct Holder {
    Decision decision;
    Strength strength;
  };
  // What an earlier contest of this import left standing; nullptr: none of them touched the key.
  const Holder* FindPlanned(const Fingerprint& key) const;
  // Whether an earlier contest of this import has this content.
  bool HasPlanned(const StoredContest& contest) const;

  // Decides about one contest. `stored`: Store::HasContest. `holder`: what stands for its key,
  // nullptr: nothing. True: it is to be stored, with `contest.standing` as set here.
  bool Plan(StoredContest& contest, bool stored, const Holder* holder);
  // What was planned since the last call is stored, or was not: an error of the store.
  void Commit();
  void Abandon();

 private:
  void Compete(StoredContest& contest, const Fingerprint& key, const Holder& holder);

  const bool dry_run_;
  ImportSummary summary_;
  ImportSummary planned_;  // Since the last Commit.
  std::unordered_map<Fingerprint, Holder, FingerprintHash> planned_holders_;
  std::unordered_set<Fingerprint, FingerprintHash> planned_contents_;
  // Keys whose decision here is one that the other store had superseded.
  std::unordered_set<Fingerprint, FingerprintHash> outdated_;
};

}  // namespace tactic
