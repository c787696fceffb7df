#include "server/store/contest_rows.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/key_rows.h"
#include "server/store/schema.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

std::optional<Trial> ToTrial(const Row& row, size_t position) {
  if (!row.IsIntact(tables::kTrial) || row.Int(1) != static_cast<int64_t>(position)) {
    return std::nullopt;
  }
  Result<Candidate> candidate = DecodeCandidate(row.Bytes(9));
  Result<std::vector<Sample>> samples = DecodeSamples(row.Bytes(10));
  if (!candidate.ok() || !samples.ok()) return std::nullopt;
  return Trial{*std::move(candidate), static_cast<Outcome>(row.Int(5)), row.Text(6), row.Real(7),
               *std::move(samples)};
}

Row ToRow(int64_t contest_id, size_t position, const Trial& trial) {
  const Candidate& c = trial.candidate;
  return Row{contest_id,
             static_cast<int64_t>(position),
             c.runner.name,
             c.runner.unique_id,
             c.tactic.ToText(),
             static_cast<int64_t>(trial.outcome),
             trial.detail,
             trial.median_ns,
             static_cast<int64_t>(trial.samples.size()),
             Blob{Encode(c)},
             Blob{Encode(trial.samples)}};
}

absl::Status DamagedEvidence(uint64_t decision_id) {
  return absl::DataLossError(
      absl::StrCat("the evidence of decision ", decision_id, " is damaged in the store"));
}

absl::StatusOr<std::vector<Trial>> ReadTrials(Db& db, Damage& damage, int64_t contest_id) {
  ASSIGN_OR_RETURN(Statement select,
                   db.Prepare("SELECT rowid AS row," + std::string(tables::kTrial.columns) +
                              " FROM trial WHERE contest_id=? ORDER BY position"));
  RETURN_IF_ERROR(select.Bind(Row{contest_id}));
  std::vector<Trial> trials;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return trials;
    std::optional<Trial> trial = ToTrial(select.Columns(1), trials.size());
    if (!trial) {
      damage.Found(tables::kTrial.name, select.Columns().Int(0));
      return trials;  // Too few, which the caller sees.
    }
    trials.push_back(*std::move(trial));
  }
}

absl::StatusOr<std::vector<Disturbance>> ReadDisturbances(Db& db, Damage& damage,
                                                          int64_t contest_id) {
  ASSIGN_OR_RETURN(Statement select,
                   db.Prepare("SELECT rowid AS row," + std::string(tables::kDisturbance.columns) +
                              " FROM disturbance WHERE contest_id=? ORDER BY position"));
  RETURN_IF_ERROR(select.Bind(Row{contest_id}));
  std::vector<Disturbance> disturbances;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return disturbances;
    const Row row = select.Columns(1);
    if (!row.IsIntact(tables::kDisturbance)) {
      damage.Found(tables::kDisturbance.name, select.Columns().Int(0));
      continue;  // A remark less; the trials stand without it.
    }
    disturbances.push_back({row.Text(2), static_cast<uint32_t>(row.Int(3)),
                            static_cast<uint32_t>(row.Int(4)), static_cast<uint32_t>(row.Int(5))});
  }
}

// Trials and disturbances of this row of table contest; nullopt: trials are damaged or missing.
absl::StatusOr<std::optional<Evidence>> ReadEvidenceOf(Db& db, Damage& damage, const Row& row) {
  Evidence evidence;
  evidence.decision_id = static_cast<uint64_t>(row.Int(2));
  ASSIGN_OR_RETURN(evidence.trials, ReadTrials(db, damage, row.Int(0)));
  if (evidence.trials.size() != static_cast<size_t>(row.Int(3))) return std::nullopt;
  evidence.worker_restarts = static_cast<uint32_t>(row.Int(4));
  evidence.seconds = row.Real(5);
  ASSIGN_OR_RETURN(evidence.disturbances, ReadDisturbances(db, damage, row.Int(0)));
  return evidence;
}

// The standing decision of a key is its newest one, also when that is damaged.
absl::StatusOr<bool> Stands(Db& db, const Fingerprint& key, const Decision& decision) {
  if (decision.revision == 0) return false;
  const Row parameters{ToHex(key), static_cast<int64_t>(decision.revision)};
  ASSIGN_OR_RETURN(const int64_t newer,
                   db.QueryInt("SELECT EXISTS (SELECT 1 FROM tuning_key k JOIN decision d ON "
                               "d.key_id=k.id WHERE k.fingerprint=? AND d.revision>?)",
                               parameters));
  return newer == 0;
}

// nullopt: damaged, itself or what belongs to it.
absl::StatusOr<std::optional<StoredContest>> ReadContest(Db& db, Damage& damage, const Row& row) {
  if (!row.IsIntact(tables::kContest)) {
    damage.Found(tables::kContest.name, row.Int(0));
    return std::nullopt;
  }
  StoredContest contest;
  contest.id = static_cast<uint64_t>(row.Int(0));
  ASSIGN_OR_RETURN(KeyReader keys, KeyReader::Create(db, damage));
  ASSIGN_OR_RETURN(std::optional<KeyReader::Entry> entry, keys.Read(row.Int(1)));
  if (!entry) return std::nullopt;
  contest.key = std::move(entry->key);
  const auto decision_id = static_cast<uint64_t>(row.Int(2));
  if (decision_id != 0) {
    absl::StatusOr<Decision> decision = ReadDecision(db, damage, decision_id);
    if (absl::IsDataLoss(decision.status())) return std::nullopt;
    if (!decision.ok()) return decision.status();
    contest.decision = *std::move(decision);
    ASSIGN_OR_RETURN(contest.standing, Stands(db, entry->fingerprint, *contest.decision));
  }
  ASSIGN_OR_RETURN(std::optional<Evidence> evidence, ReadEvidenceOf(db, damage, row));
  if (!evidence) return std::nullopt;
  contest.evidence = *std::move(evidence);
  return contest;
}

}  // namespace

std::optional<Decision> DecodeDecision(const Row& row, Key key) {
  if (!row.IsIntact(tables::kDecision)) return std::nullopt;
  Result<std::vector<Ranked>> ranking = DecodeRanking(row.Bytes(11));
  if (!ranking.ok()) return std::nullopt;
  Decision decision;
  decision.id = static_cast<uint64_t>(row.Int(0));
  decision.revision = row.Int(1) > 0 ? static_cast<uint64_t>(row.Int(1)) : 0;
  decision.key = std::move(key);
  decision.ranking = *std::move(ranking);
  decision.default_ns = row.Real(7);
  decision.reason = static_cast<Reason>(row.Int(8));
  decision.tied = static_cast<uint32_t>(row.Int(9));
  decision.created_unix_ms = row.Int(10);
  return decision;
}

absl::Status InsertDecision(Db& db, int64_t key_id, const Decision& d) {
  const Ranked& pick = d.ranking.front();
  const auto id = static_cast<int64_t>(d.id);
  // The column is unique, and what never became visible must come before all that did.
  const int64_t revision = d.revision == 0 ? -id : static_cast<int64_t>(d.revision);
  return db.Insert(tables::kDecision,
                   Row{id, revision, key_id, pick.candidate.runner.name,
                       pick.candidate.runner.unique_id, pick.candidate.tactic.ToText(),
                       pick.median_ns, d.default_ns, static_cast<int64_t>(d.reason),
                       int64_t{d.tied}, d.created_unix_ms, Blob{Encode(d.ranking)}});
}

absl::Status InsertContest(Db& db, int64_t id, int64_t key_id, uint64_t decision_id,
                           const Evidence& evidence, int64_t now_unix_ms) {
  SqlValue decision;  // NULL.
  if (decision_id != 0) decision = static_cast<int64_t>(decision_id);
  RETURN_IF_ERROR(db.Insert(tables::kContest,
                            Row{id, key_id, decision, static_cast<int64_t>(evidence.trials.size()),
                                int64_t{evidence.worker_restarts}, evidence.seconds, now_unix_ms}));
  for (size_t i = 0; i < evidence.trials.size(); ++i) {
    RETURN_IF_ERROR(db.Insert(tables::kTrial, ToRow(id, i, evidence.trials[i])));
  }
  for (size_t i = 0; i < evidence.disturbances.size(); ++i) {
    const Disturbance& seen = evidence.disturbances[i];
    RETURN_IF_ERROR(db.Insert(tables::kDisturbance,
                              Row{id, static_cast<int64_t>(i), seen.cause, int64_t{seen.discarded},
                                  int64_t{seen.epoch}, int64_t{seen.round}}));
  }
  return absl::OkStatus();
}

absl::StatusOr<Decision> ReadDecision(Db& db, Damage& damage, uint64_t id) {
  absl::StatusOr<Row> row =
      db.QueryRow(Db::Select(tables::kDecision) + "WHERE id=?", Row{static_cast<int64_t>(id)});
  if (absl::IsNotFound(row.status())) {
    return absl::NotFoundError(absl::StrCat("no decision ", id, " in this store"));
  }
  if (!row.ok()) return row.status();
  ASSIGN_OR_RETURN(KeyReader keys, KeyReader::Create(db, damage));
  ASSIGN_OR_RETURN(std::optional<KeyReader::Entry> entry, keys.Read(row->Int(kKeyOfDecision)));
  std::optional<Decision> decision;
  if (entry) decision = DecodeDecision(*row, std::move(entry->key));
  if (decision) return *std::move(decision);
  damage.Found(tables::kDecision.name, static_cast<int64_t>(id));
  return absl::DataLossError(absl::StrCat("decision ", id, " is damaged in the store"));
}

absl::StatusOr<Evidence> ReadEvidence(Db& db, Damage& damage, uint64_t decision_id) {
  const Row parameter{static_cast<int64_t>(decision_id)};
  absl::StatusOr<Row> row =
      db.QueryRow(Db::Select(tables::kContest) + "WHERE decision_id=?", parameter);
  if (absl::IsNotFound(row.status())) {
    ASSIGN_OR_RETURN(const int64_t decided,
                     db.QueryInt("SELECT count(*) FROM decision WHERE id=?", parameter));
    if (decided > 0) return DamagedEvidence(decision_id);
    return absl::NotFoundError(absl::StrCat("no decision ", decision_id, " in this store"));
  }
  if (!row.ok()) return row.status();
  if (!row->IsIntact(tables::kContest)) {
    damage.Found(tables::kContest.name, row->Int(0));
    return DamagedEvidence(decision_id);
  }
  ASSIGN_OR_RETURN(std::optional<Evidence> evidence, ReadEvidenceOf(db, damage, *row));
  if (!evidence) return DamagedEvidence(decision_id);
  return *std::move(evidence);
}

absl::StatusOr<bool> FindContest(Db& db, Damage& damage, const StoredContest& contest) {
  // What can be compared without reading trials leaves few, mostly none.
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      db.QueryRows(Db::Select(tables::kContest) +
                       "WHERE key_id IN (SELECT id FROM tuning_key WHERE fingerprint=?) AND "
                       "trials=? AND worker_restarts=? AND seconds=? ORDER BY id",
                   Row{ToHex(FingerprintOf(contest.key)),
                       static_cast<int64_t>(contest.evidence.trials.size()),
                       int64_t{contest.evidence.worker_restarts}, contest.evidence.seconds}));
  const Fingerprint content = ContentOf(contest);
  for (const Row& row : rows) {
    ASSIGN_OR_RETURN(const std::optional<StoredContest> stored, ReadContest(db, damage, row));
    if (stored && ContentOf(*stored) == content) return true;
  }
  return false;
}

absl::StatusOr<std::optional<StoredContest>> ReadNextContest(Db& db, Damage& damage, uint64_t after,
                                                             uint64_t& damaged) {
  while (true) {
    absl::StatusOr<Row> row =
        db.QueryRow(Db::Select(tables::kContest) + "WHERE id>? ORDER BY id LIMIT 1",
                    Row{static_cast<int64_t>(after)});
    if (absl::IsNotFound(row.status())) return std::nullopt;
    if (!row.ok()) return row.status();
    ASSIGN_OR_RETURN(std::optional<StoredContest> contest, ReadContest(db, damage, *row));
    if (contest) return contest;
    ++damaged;
    after = static_cast<uint64_t>(row->Int(0));
  }
}

}  // namespace tactic
