// The row that says what a database is and how far it has come. Written in every transaction that
// makes something visible.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite.h"

namespace tactic {

struct Meta {
  std::string store_id;
  uint64_t revision = 0;
  uint64_t last_contest = 0;
  uint64_t last_decision = 0;
  int64_t created_unix_ms = 0;
  std::string writer;  // The program that changed the store last, for people.
};

// DataLoss when it is damaged or missing: without it nothing else in the file can be placed.
absl::StatusOr<Meta> ReadMeta(Db& db);
absl::Status InsertMeta(Db& db, const Meta& meta);
absl::Status UpdateMeta(Db& db, const Meta& meta);

}  // namespace tactic
