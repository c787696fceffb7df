// Keys and environments as rows. A row is one exact key (labels and ranges too); rows of one
// fingerprint are one key to everybody else.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "server/store/damage.h"
#include "server/store/sqlite.h"
#include "tactic/model/key.h"

namespace tactic {

// The row of exactly this key, added if there is none. Within a transaction.
absl::StatusOr<int64_t> FindOrAddKey(Db& db, Damage& damage, const Key& key);

// Reads keys by row.
class KeyReader {
 public:
  struct Entry {
    Fingerprint fingerprint;
    Key key;
  };

  static absl::StatusOr<KeyReader> Create(Db& db, Damage& damage);
  // nullopt: damaged (or missing, which foreign keys rule out in a healthy file), and counted.
  absl::StatusOr<std::optional<Entry>> Read(int64_t id);

  // The two halves of Read, for who decodes on another thread. An empty row: missing.
  absl::Status ReadRow(int64_t id, Row& row);
  static std::optional<Entry> Decode(const Row& row);

 private:
  KeyReader(Statement find, Damage& damage) : find_(std::move(find)), damage_(damage) {}

  Statement find_;
  Row row_;  // The last one read; kept for its memory.
  Damage& damage_;
};

}  // namespace tactic
