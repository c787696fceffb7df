#include "server/store/ban_rows.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/put_checks.h"
#include "server/store/schema.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

// What is banned; of every tactic, the candidate is the default one.
constexpr char kWhere[] = " WHERE candidate=?1 AND every_tactic=?2 AND op=?3";

Row IdentityOf(const Ban& ban) {
  const Candidate candidate{ban.runner, ban.tactic.value_or(Tactic())};
  return Row{Blob{Encode(candidate)}, int64_t{!ban.tactic}, ban.op};
}

Row RowOf(int64_t id, const Ban& ban) {
  const Row identity = IdentityOf(ban);
  return Row{id,
             ban.runner.name,
             ban.runner.unique_id,
             ban.tactic ? ban.tactic->ToText() : std::string("every"),
             identity[2],
             ban.reason,
             ban.client,
             ban.created_unix_ms,
             identity[1],
             identity[0]};
}

std::optional<Ban> BanOf(const Row& row) {
  Result<Candidate> candidate = DecodeCandidate(row.Bytes(9));
  if (!row.IsIntact(tables::kBan) || !candidate.ok()) return std::nullopt;
  Ban ban;
  ban.runner = std::move(candidate->runner);
  if (row.Int(8) == 0) ban.tactic = std::move(candidate->tactic);
  ban.op = row.Text(4);
  ban.reason = row.Text(5);
  ban.client = row.Text(6);
  ban.created_unix_ms = row.Int(7);
  return ban;
}

}  // namespace

absl::Status WriteBan(Db& db, const Ban& ban) {
  const absl::StatusOr<int64_t> known =
      db.QueryInt(absl::StrCat("SELECT id FROM ban", kWhere), IdentityOf(ban));
  if (known.ok()) return db.Update(tables::kBan, "id=?1", RowOf(*known, ban));
  if (!absl::IsNotFound(known.status())) return known.status();
  ASSIGN_OR_RETURN(const int64_t held, db.QueryInt("SELECT count(*) FROM ban"));
  RETURN_IF_ERROR(CheckRoomForBan(static_cast<size_t>(held)));
  ASSIGN_OR_RETURN(const int64_t id, db.QueryInt("SELECT ifnull(max(id),0)+1 FROM ban"));
  return db.Insert(tables::kBan, RowOf(id, ban));
}

absl::StatusOr<bool> EraseBan(Db& db, const Ban& ban) {
  const Row identity = IdentityOf(ban);
  ASSIGN_OR_RETURN(const int64_t held,
                   db.QueryInt(absl::StrCat("SELECT count(*) FROM ban", kWhere), identity));
  ASSIGN_OR_RETURN(Statement erase, db.Prepare(absl::StrCat("DELETE FROM ban", kWhere)));
  RETURN_IF_ERROR(erase.Bind(identity));
  RETURN_IF_ERROR(erase.Run());
  return held > 0;
}

absl::StatusOr<std::vector<Ban>> ReadBans(Db& db, Damage& damage, uint64_t& damaged) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   db.QueryRows(Db::Select(tables::kBan) + "ORDER BY id", Row()));
  std::vector<Ban> bans;
  for (const Row& row : rows) {
    if (std::optional<Ban> ban = BanOf(row)) {
      bans.push_back(*std::move(ban));
      continue;
    }
    damage.Found(tables::kBan.name, row.Int(0), "the ban does NOT hold; ban it again");
    ++damaged;
  }
  return bans;
}

}  // namespace tactic
