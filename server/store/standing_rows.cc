#include "server/store/standing_rows.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/core/status_macros.h"
#include "server/store/contest_rows.h"
#include "server/store/key_rows.h"
#include "server/store/schema.h"

namespace tactic {
namespace {

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kBatchesAhead = 4;

// A decision as it is stored, and decoded.
struct Item {
  Row row;
  Row key_row;
  std::optional<KeyReader::Entry> key;  // nullopt: damaged.
  std::optional<Decision> decision;     // nullopt: damaged, or its key is.

  void Decode() {
    key = KeyReader::Decode(key_row);
    decision.reset();
    if (key) decision = DecodeDecision(row, std::move(key->key));
  }
};

// Items are used again and again, for the memory of their rows.
struct Batch {
  std::vector<Item> items = std::vector<Item>(kRowsPerBatch);
  size_t used = 0;
};
using BatchPtr = std::unique_ptr<Batch>;

BatchPtr Decode(BatchPtr batch) {
  for (size_t i = 0; i < batch->used; ++i) batch->items[i].Decode();
  return batch;
}

// The newest decision of each key, of rows that come newest first.
class Standing {
 public:
  Standing(KeyReader keys, Damage& damage, size_t at_most)
      : keys_(std::move(keys)), damage_(damage), batch_(std::make_unique<Batch>()) {
    key_ids_.reserve(at_most);
    fingerprints_.reserve(at_most);
    decisions_.reserve(at_most);
  }

  // The row that `select` stands on.
  absl::Status Add(Statement& select) {
    Item& item = batch_->items[batch_->used];
    select.ReadInto(item.row);
    const int64_t key_id = item.row.Int(kKeyOfDecision);
    if (!key_ids_.insert(key_id).second) return absl::OkStatus();
    RETURN_IF_ERROR(keys_.ReadRow(key_id, item.key_row));
    if (++batch_->used == kRowsPerBatch) HandOver();
    return absl::OkStatus();
  }

  std::vector<Decision> TakeOldestFirst() {
    HandOver();
    while (!decoding_.empty()) Collect();
    std::reverse(decisions_.begin(), decisions_.end());
    return std::move(decisions_);
  }

 private:
  void HandOver() {
    // Either policy: where no thread is to be had, it is decoded when it is collected.
    decoding_.push_back(std::async(std::launch::async | std::launch::deferred, Decode,
                                   std::exchange(batch_, nullptr)));
    if (decoding_.size() > kBatchesAhead) batch_ = Collect();
    if (batch_ == nullptr) batch_ = std::make_unique<Batch>();
  }

  // Waits for the batch that was handed over first; returns it, empty.
  BatchPtr Collect() {
    BatchPtr batch = decoding_.front().get();
    decoding_.pop_front();
    for (size_t i = 0; i < batch->used; ++i) Collect(batch->items[i]);
    batch->used = 0;
    return batch;
  }

  void Collect(Item& item) {
    if (!item.key) {
      damage_.Found(tables::kKey.name, item.row.Int(kKeyOfDecision));
      return;
    }
    // Of a damaged one too: the answer that it superseded must not come back. Not by the key's
    // row alone, since a damaged one is replaced.
    if (!fingerprints_.insert(item.key->fingerprint).second) return;
    if (item.decision) {
      decisions_.push_back(*std::move(item.decision));
    } else {
      damage_.Found(tables::kDecision.name, item.row.Int(0));
    }
  }

  KeyReader keys_;
  Damage& damage_;
  BatchPtr batch_;                              // Being filled.
  std::deque<std::future<BatchPtr>> decoding_;  // Handed over, newest decisions first.
  absl::flat_hash_set<int64_t> key_ids_;        // Of the rows handed over.
  absl::flat_hash_set<Fingerprint, FingerprintHash> fingerprints_;
  std::vector<Decision> decisions_;
};

}  // namespace

absl::StatusOr<std::vector<Decision>> ReadStandingDecisions(Db& db, Damage& damage) {
  ASSIGN_OR_RETURN(KeyReader keys, KeyReader::Create(db, damage));
  ASSIGN_OR_RETURN(Statement select, db.Prepare(Db::Select(tables::kDecision) +
                                                "WHERE revision>0 ORDER BY revision DESC"));
  ASSIGN_OR_RETURN(const int64_t at_most, db.QueryInt("SELECT count(*) FROM tuning_key"));
  Standing standing(std::move(keys), damage, static_cast<size_t>(at_most));
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return standing.TakeOldestFirst();
    RETURN_IF_ERROR(standing.Add(select));
  }
}

}  // namespace tactic
