#include "server/store/meta.h"

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/schema.h"

namespace tactic {
namespace {

Row ToRow(const Meta& meta) {
  return Row{int64_t{1},
             meta.store_id,
             static_cast<int64_t>(meta.revision),
             static_cast<int64_t>(meta.last_contest),
             static_cast<int64_t>(meta.last_decision),
             meta.created_unix_ms,
             meta.writer};
}

}  // namespace

absl::StatusOr<Meta> ReadMeta(Db& db) {
  absl::StatusOr<Row> row = db.QueryRow(Db::Select(tables::kMeta) + "WHERE id=1");
  if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
  if (!row.ok() || !row->IsIntact(tables::kMeta)) {
    return absl::DataLossError(absl::StrCat(
        "sqlite:", db.file().string(), ": the meta row is ", row.ok() ? "damaged" : "missing",
        ". Nothing was changed. Restore a copy, or move the file away together with "
        "its -wal file to start empty"));
  }
  return Meta{row->Text(1),
              static_cast<uint64_t>(row->Int(2)),
              static_cast<uint64_t>(row->Int(3)),
              static_cast<uint64_t>(row->Int(4)),
              row->Int(5),
              row->Text(6)};
}

absl::Status InsertMeta(Db& db, const Meta& meta) { return db.Insert(tables::kMeta, ToRow(meta)); }

absl::Status UpdateMeta(Db& db, const Meta& meta) {
  return db.Update(tables::kMeta, "id=?1", ToRow(meta));
}

}  // namespace tactic
