#include "server/core/import_session.h"

#include <utility>

namespace tactic {
namespace {

void AddTo(ImportSummary& total, ImportSummary part) {
  total.known += part.known;
  total.added += part.added;
  total.replaced += part.replaced;
  total.behind += part.behind;
  total.undecided += part.undecided;
  total.conflict_count += part.conflict_count;
  for (ImportConflict& conflict : part.conflicts) {
    if (total.conflicts.size() == ImportSession::kMostConflicts) return;
    total.conflicts.push_back(std::move(conflict));
  }
}

}  // namespace

const ImportSession::Holder* ImportSession::FindPlanned(const Fingerprint& key) const {
  const auto found = planned_holders_.find(key);
  return found == planned_holders_.end() ? nullptr : &found->second;
}

bool ImportSession::HasPlanned(const StoredContest& contest) const {
  return planned_contents_.contains(ContentOf(contest));
}

bool ImportSession::Plan(StoredContest& contest, bool stored, const Holder* holder) {
  const Fingerprint key = FingerprintOf(contest.key);
  const bool history = contest.decision && !contest.standing;
  if (history && holder != nullptr && SameVerdict(*contest.decision, holder->decision)) {
    outdated_.insert(key);
  }
  if (stored) {
    ++planned_.known;
    return false;
  }
  planned_contents_.insert(ContentOf(contest));
  if (!contest.decision) {
    ++planned_.undecided;
  } else if (history) {
    ++planned_.behind;
  } else if (holder != nullptr) {
    Compete(contest, key, *holder);
  } else {
    ++planned_.added;
  }
  if (contest.decision && contest.standing) {
    const Strength strength = StrengthOf(*contest.decision, contest.evidence);
    planned_holders_.insert_or_assign(key, Holder{*contest.decision, strength});
    outdated_.erase(key);
  }
  return true;
}

void ImportSession::Compete(StoredContest& contest, const Fingerprint& key, const Holder& holder) {
  const Strength strength = StrengthOf(*contest.decision, contest.evidence);
  ImportConflict conflict{holder.decision, *contest.decision};
  if (outdated_.contains(key)) {
    conflict.theirs_won = true;
    conflict.why = "the other store had ours, and superseded it";
  } else {
    conflict.theirs_won = strength > holder.strength;
    conflict.why = conflict.theirs_won ? WhyStronger(strength, holder.strength)
                                       : WhyStronger(holder.strength, strength);
  }
  contest.standing = conflict.theirs_won;
  ++(conflict.theirs_won ? planned_.replaced : planned_.behind);
  ++planned_.conflict_count;
  planned_.conflicts.push_back(std::move(conflict));
}

void ImportSession::Commit() {
  AddTo(summary_, std::exchange(planned_, ImportSummary()));
  if (dry_run_) return;  // Nothing else remembers what the contests so far would leave standing.
  planned_holders_.clear();
  planned_contents_.clear();
}

void ImportSession::Abandon() {
  planned_ = ImportSummary();
  planned_holders_.clear();
  planned_contents_.clear();
}

}  // namespace tactic
