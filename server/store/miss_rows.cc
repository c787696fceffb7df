#include "server/store/miss_rows.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/core/status_macros.h"
#include "server/store/key_rows.h"
#include "server/store/schema.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

// For people: "[13,2048] [2048,512]".
std::string TextOf(const Shapes& shapes) {
  return absl::StrJoin(shapes, " ", [](std::string* out, const std::vector<int64_t>& shape) {
    absl::StrAppend(out, "[", absl::StrJoin(shape, ","), "]");
  });
}

int64_t Sum(int64_t stored, uint64_t more) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return more > static_cast<uint64_t>(kMost - stored) ? kMost : stored + static_cast<int64_t>(more);
}

absl::Status WriteMiss(Db& db, Damage& damage, const MissedCall& miss) {
  ASSIGN_OR_RETURN(const int64_t key_id, FindOrAddKey(db, damage, miss.key));
  const Blob canonical{Encode(miss.shapes)};
  const absl::StatusOr<Row> stored = db.QueryRow(
      Db::Select(tables::kMiss) + "WHERE key_id=? AND canonical=?", Row{key_id, canonical});
  if (absl::IsNotFound(stored.status())) {
    ASSIGN_OR_RETURN(const int64_t id, db.QueryInt("SELECT ifnull(max(id),0)+1 FROM miss"));
    return db.Insert(tables::kMiss, Row{id, key_id, TextOf(miss.shapes), canonical,
                                        Sum(0, miss.count), miss.first_unix_ms, miss.last_unix_ms});
  }
  RETURN_IF_ERROR(stored.status());
  const int64_t id = stored->Int(0);
  int64_t count = stored->Int(4);
  int64_t first_unix_ms = stored->Int(5);
  if (!stored->IsIntact(tables::kMiss)) {
    damage.Found(tables::kMiss.name, id);
    count = 0;
    first_unix_ms = miss.first_unix_ms;
  }
  return db.Update(tables::kMiss, "id=?1",
                   Row{id, key_id, TextOf(miss.shapes), canonical, Sum(count, miss.count),
                       std::min(first_unix_ms, miss.first_unix_ms),
                       std::max(stored->Int(6), miss.last_unix_ms)});
}

}  // namespace

absl::Status WriteMisses(Db& db, Damage& damage, const std::vector<MissedCall>& misses) {
  for (const MissedCall& miss : misses) RETURN_IF_ERROR(WriteMiss(db, damage, miss));
  return db.Exec(absl::StrCat(
      "DELETE FROM miss WHERE id IN (SELECT id FROM miss ORDER BY last_unix_ms DESC, id DESC "
      "LIMIT -1 OFFSET ",
      limits::kStoredMisses, ")"));
}

absl::StatusOr<std::vector<MissedCall>> ReadMisses(Db& db, Damage& damage) {
  ASSIGN_OR_RETURN(KeyReader keys, KeyReader::Create(db, damage));
  ASSIGN_OR_RETURN(Statement select,
                   db.Prepare(Db::Select(tables::kMiss) + "ORDER BY last_unix_ms DESC, id DESC"));
  std::vector<MissedCall> misses;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return misses;
    const Row row = select.Columns();
    Result<Shapes> shapes = DecodeShapes(row.Bytes(3));
    if (!row.IsIntact(tables::kMiss) || !shapes.ok()) {
      damage.Found(tables::kMiss.name, row.Int(0));
      continue;
    }
    ASSIGN_OR_RETURN(std::optional<KeyReader::Entry> entry, keys.Read(row.Int(1)));
    if (!entry) continue;
    misses.push_back({std::move(entry->key), *std::move(shapes), static_cast<uint64_t>(row.Int(4)),
                      row.Int(5), row.Int(6)});
  }
}

}  // namespace tactic
