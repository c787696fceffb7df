#include "client/link/stage.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

#include "tactic/model/key.h"

namespace tactic::link {

void Stage::SetFacts(OpFacts facts) {
  std::lock_guard lock(mu_);
  next_facts_ = std::move(facts);
  if (!Frozen()) ApplyFacts();
}

void Stage::ApplyFacts() {
  if (!next_facts_) return;
  facts_ = *std::exchange(next_facts_, std::nullopt);
  cache_.SetAttributeDefaults(facts_.defaults);
  cache_.SetEnvironments(facts_.environments);
}

std::vector<std::pair<std::string, Environment>> Stage::Environments() const {
  std::lock_guard lock(mu_);
  return next_facts_ ? next_facts_->environments : facts_.environments;
}

void Stage::BeginSnapshot() {
  std::lock_guard lock(mu_);
  cache_.BeginSnapshot();
  snapshot_waits_ = false;
  exact_ = {};
  if (!Frozen()) return;
  follows_stream_ = false;
  kept_.clear();
  exact_ranges_.clear();
}

void Stage::AddToSnapshot(std::vector<Decision> part) { cache_.AddToSnapshot(std::move(part)); }

void Stage::CommitSnapshot(const TablePosition& at) {
  std::lock_guard lock(mu_);
  kept_.clear();
  exact_ranges_.clear();
  if (Frozen()) {
    follows_stream_ = false;
    snapshot_waits_ = true;
    snapshot_at_ = at.revision;
  } else {
    cache_.CommitSnapshot();
    follows_stream_ = true;
    table_ = {};
  }
  Note(at, 0, /*rest=*/true);
}

void Stage::Apply(std::vector<Decision> changes, const TablePosition& at) {
  std::lock_guard lock(mu_);
  Note(at, changes.size(), /*rest=*/false);
  if (Frozen()) {
    Keep(std::move(changes));
  } else if (follows_stream_) {
    cache_.Apply(std::move(changes));
  }
}

void Stage::Rest(const TablePosition& at) {
  std::lock_guard lock(mu_);
  Note(at, 0, /*rest=*/true);
}

void Stage::Note(const TablePosition& at, size_t changes, bool rest) {
  since_ += changes;
  const bool same_store = exact_.store_id == at.store_id;
  const bool none_left_out = same_store && since_ == at.revision - exact_.revision;
  const bool exact = rest || none_left_out;
  if (exact) {
    const uint64_t first = none_left_out ? exact_.revision + 1 : at.revision;
    if (Frozen() && first <= at.revision) exact_ranges_.push_back({first, at.revision});
    exact_ = at;
    since_ = 0;
  }
  if (Frozen() || !follows_stream_) return;
  const bool ahead = table_.store_id == at.store_id && table_.revision > at.revision;
  if (!ahead) table_ = exact ? at : TablePosition();
}

void Stage::Keep(std::vector<Decision> changes) {
  if (!Composes()) return;
  std::move(changes.begin(), changes.end(), std::back_inserter(kept_));
  if (kept_.size() > fold_at_) Fold();
}

void Stage::Fold() {
  std::map<Fingerprint, Decision> last;
  for (Decision& decision : kept_) {
    last.insert_or_assign(FingerprintOf(decision.key), std::move(decision));
  }
  kept_.clear();
  for (auto& [key, decision] : last) kept_.push_back(std::move(decision));
  std::sort(kept_.begin(), kept_.end(),
            [](const Decision& a, const Decision& b) { return a.revision < b.revision; });
  fold_at_ = std::max(fold_at_, 2 * kept_.size());
  // Only where no change comes after it does one not matter that was left out.
  const uint64_t newest = kept_.back().revision;
  std::erase_if(exact_ranges_, [newest](const Range& range) { return range.last < newest; });
  for (Range& range : exact_ranges_) range.first = std::max(range.first, newest);
}

TablePosition Stage::Pin() {
  std::lock_guard lock(mu_);
  pinned_ = true;
  return table_;
}

TablePosition Stage::Position() const {
  std::lock_guard lock(mu_);
  return table_;
}

TablePosition Stage::Newest() const {
  std::lock_guard lock(mu_);
  if (!Frozen() || !Composes() || exact_ranges_.empty()) return table_;
  const bool ahead =
      table_.store_id == exact_.store_id && table_.revision > exact_ranges_.back().last;
  return ahead ? table_ : TablePosition{exact_.store_id, exact_ranges_.back().last};
}

Check Stage::CheckReachable(const TablePosition& to) const {
  const std::string what = "revision " + std::to_string(to.revision) + " of store " + to.store_id;
  if (to.store_id != exact_.store_id || !Composes()) {
    return Error{ErrorCode::kFailedPrecondition,
                 what + " cannot be reached: the table and the daemon are not at that store"};
  }
  if (to.store_id == table_.store_id && to.revision < table_.revision) {
    return InvalidArgument(what + " is older than the table, which is at " +
                           std::to_string(table_.revision) + "; tables only go forward");
  }
  const bool exact = std::any_of(
      exact_ranges_.begin(), exact_ranges_.end(),
      [&](const Range& range) { return range.first <= to.revision && to.revision <= range.last; });
  if (exact) return Ok();
  if (to.revision > exact_.revision) {
    return Error{ErrorCode::kUnavailable, what + " has not come yet; the newest that has is " +
                                              std::to_string(exact_.revision)};
  }
  return Error{ErrorCode::kFailedPrecondition,
               what +
                   " was passed over: some of it was superseded before it was sent; the newest " +
                   "that can be had exactly is " + std::to_string(exact_.revision)};
}

Check Stage::Advance(const TablePosition& to) {
  std::lock_guard lock(mu_);
  if (holds_ > 0) {
    return Error{ErrorCode::kFailedPrecondition, "the table is held (a graph is being captured)"};
  }
  if (grouped_) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the table is a group's; only Group::Agree moves it"};
  }
  if (!pinned_) return Error{ErrorCode::kFailedPrecondition, "the table is not pinned"};
  if (!to.store_id.empty() && to == table_) return Ok();
  if (Check check = CheckReachable(to); !check.ok()) return check;
  ApplyFacts();
  MoveTo(to);
  return Ok();
}

void Stage::MoveTo(const TablePosition& to) {
  const auto end = std::find_if(kept_.begin(), kept_.end(), [&](const Decision& decision) {
    return decision.revision > to.revision;
  });
  std::vector<Decision> changes(std::move_iterator(kept_.begin()), std::move_iterator(end));
  kept_.erase(kept_.begin(), end);
  if (snapshot_waits_) {
    cache_.AddToSnapshot(std::move(changes));
    cache_.CommitSnapshot();
    snapshot_waits_ = false;
    follows_stream_ = true;
  } else {
    cache_.Apply(std::move(changes));
  }
  std::erase_if(exact_ranges_, [&](const Range& range) { return range.last <= to.revision; });
  table_ = to;
}

bool Stage::Unpin() {
  std::lock_guard lock(mu_);
  pinned_ = false;
  return Thaw();
}

bool Stage::Thaw() {
  if (Frozen()) return true;
  ApplyFacts();
  if (!Composes()) return exact_.store_id.empty();  // No stream yet: it will begin with a snapshot.
  const bool ahead = table_.store_id == exact_.store_id && table_.revision > exact_.revision;
  const TablePosition before = table_;
  MoveTo({exact_.store_id, std::numeric_limits<uint64_t>::max()});
  table_ = ahead ? before : since_ == 0 ? exact_ : TablePosition();
  return true;
}

void Stage::Hold() {
  std::unique_lock lock(mu_);
  moved_.wait(lock, [this] { return !moving_; });
  ++holds_;
}

bool Stage::Release() {
  std::lock_guard lock(mu_);
  --holds_;
  return Thaw();
}

bool Stage::EnterGroup() {
  std::lock_guard lock(mu_);
  return !std::exchange(grouped_, true);
}

bool Stage::LeaveGroup() {
  std::lock_guard lock(mu_);
  grouped_ = false;
  return Thaw();
}

bool Stage::BeginMove() {
  std::lock_guard lock(mu_);
  if (holds_ > 0) return false;
  moving_ = true;
  return true;
}

void Stage::EndMove() {
  std::lock_guard lock(mu_);
  moving_ = false;
  moved_.notify_all();
}

void Stage::Adopt(Cut cut) {
  std::lock_guard lock(mu_);
  ApplyFacts();
  if (cut.whole) {
    cache_.Replace(std::move(cut.decisions));
  } else {
    cache_.Apply(std::move(cut.decisions));
  }
  table_ = cut.position;
  const bool same_store = exact_.store_id == table_.store_id;
  if (snapshot_waits_ && same_store && snapshot_at_ <= table_.revision) {
    snapshot_waits_ = false;  // The table has passed it by, and what is kept continues both.
    follows_stream_ = true;
  }
  if (!same_store) follows_stream_ = false;
  if (!Composes()) kept_.clear();
  if (!same_store || snapshot_waits_) return;
  std::erase_if(kept_, [&](const Decision& d) { return d.revision <= table_.revision; });
  std::erase_if(exact_ranges_, [&](const Range& range) { return range.last <= table_.revision; });
}

}  // namespace tactic::link
