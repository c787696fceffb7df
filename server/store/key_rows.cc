#include "server/store/key_rows.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/schema.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

// The healthy row of `table` with this fingerprint and canonical form, if any. A damaged one is not
// built upon: a new row takes its place.
absl::StatusOr<std::optional<int64_t>> FindCanonical(Db& db, Damage& damage, const Table& table,
                                                     size_t canonical_column,
                                                     const std::string& fingerprint,
                                                     const std::string& canonical) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   db.QueryRows(Db::Select(table) + "WHERE fingerprint=?", Row{fingerprint}));
  for (const Row& row : rows) {
    if (!row.IsIntact(table)) {
      damage.Found(table.name, row.Int(0));
    } else if (row.Bytes(canonical_column) == canonical) {
      return row.Int(0);
    }
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> NextId(Db& db, const Table& table) {
  return db.QueryInt(absl::StrCat("SELECT ifnull(max(id),0)+1 FROM ", table.name));
}

std::string ComponentsText(const Environment& environment) {
  std::string text;
  for (const Component& c : environment.components) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", c.name, " ", c.version);
  }
  return text;
}

absl::StatusOr<int64_t> FindOrAddEnvironment(Db& db, Damage& damage, const Environment& e) {
  constexpr size_t kCanonicalColumn = 12;
  const std::string fingerprint = ToHex(FingerprintOf(e));
  const std::string canonical = Encode(e);
  ASSIGN_OR_RETURN(
      const std::optional<int64_t> found,
      FindCanonical(db, damage, tables::kEnvironment, kCanonicalColumn, fingerprint, canonical));
  if (found) return *found;
  ASSIGN_OR_RETURN(const int64_t id, NextId(db, tables::kEnvironment));
  const DeviceClass& d = e.device;
  RETURN_IF_ERROR(db.Insert(tables::kEnvironment,
                            Row{id, fingerprint, std::string(Name(d.kind)), d.arch,
                                int64_t{d.units}, static_cast<int64_t>(d.cache_bytes), d.partition,
                                d.label, static_cast<int64_t>(d.memory_bytes), e.driver, e.runtime,
                                ComponentsText(e), Blob{canonical}}));
  return id;
}

}  // namespace

absl::StatusOr<int64_t> FindOrAddKey(Db& db, Damage& damage, const Key& key) {
  constexpr size_t kCanonicalColumn = 9;
  const std::string fingerprint = ToHex(FingerprintOf(key));
  const std::string canonical = Encode(key);
  ASSIGN_OR_RETURN(
      const std::optional<int64_t> found,
      FindCanonical(db, damage, tables::kKey, kCanonicalColumn, fingerprint, canonical));
  if (found) return *found;
  ASSIGN_OR_RETURN(const int64_t environment_id, FindOrAddEnvironment(db, damage, key.environment));
  ASSIGN_OR_RETURN(const int64_t id, NextId(db, tables::kKey));
  const MeasurementPolicy& p = key.policy;
  RETURN_IF_ERROR(db.Insert(
      tables::kKey, Row{id, fingerprint, environment_id, key.problem.op, ToText(key.problem),
                        std::string(Name(p.cache)), std::string(Name(p.launch)),
                        std::string(Name(p.validation)), int64_t{p.budget_ms}, Blob{canonical}}));
  return id;
}

absl::StatusOr<KeyReader> KeyReader::Create(Db& db, Damage& damage) {
  ASSIGN_OR_RETURN(Statement find, db.Prepare(Db::Select(tables::kKey) + "WHERE id=?"));
  return KeyReader(std::move(find), damage);
}

absl::StatusOr<std::optional<KeyReader::Entry>> KeyReader::Read(int64_t id) {
  RETURN_IF_ERROR(ReadRow(id, row_));
  std::optional<Entry> entry = Decode(row_);
  if (!entry) damage_.Found(tables::kKey.name, id);
  return entry;
}

absl::Status KeyReader::ReadRow(int64_t id, Row& row) {
  RETURN_IF_ERROR(find_.Bind(Row{id}));
  ASSIGN_OR_RETURN(const bool found, find_.Step());
  if (found) {
    find_.ReadInto(row);
  } else {
    row = Row();
  }
  return absl::OkStatus();
}

std::optional<KeyReader::Entry> KeyReader::Decode(const Row& row) {
  if (!row.IsIntact(tables::kKey)) return std::nullopt;
  Result<Key> key = DecodeKey(row.Bytes(9));
  const std::optional<Fingerprint> fingerprint = ParseFingerprint(row.Text(1));
  if (!key.ok() || !fingerprint) return std::nullopt;
  return Entry{*fingerprint, std::move(key).value()};
}

}  // namespace tactic
