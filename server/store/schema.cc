#include "server/store/schema.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/db_file.h"

namespace tactic {
namespace {

constexpr char kTablesV1[] = R"sql(
CREATE TABLE meta(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  last_contest INTEGER NOT NULL,
  last_decision INTEGER NOT NULL,
  created_unix_ms INTEGER NOT NULL,
  writer TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE environment(
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  device_kind TEXT NOT NULL,
  arch TEXT NOT NULL,
  units INTEGER NOT NULL,
  cache_bytes INTEGER NOT NULL,
  partition TEXT NOT NULL,
  label TEXT NOT NULL,
  memory_bytes INTEGER NOT NULL,
  driver TEXT NOT NULL,
  runtime TEXT NOT NULL,
  components TEXT NOT NULL,
  canonical BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX environment_fingerprint ON environment(fingerprint);

CREATE TABLE tuning_key(
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  environment_id INTEGER NOT NULL REFERENCES environment(id),
  op TEXT NOT NULL,
  problem TEXT NOT NULL,
  cache TEXT NOT NULL,
  launch TEXT NOT NULL,
  validation TEXT NOT NULL,
  budget_ms INTEGER NOT NULL,
  canonical BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX tuning_key_fingerprint ON tuning_key(fingerprint);

CREATE TABLE decision(
  id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL UNIQUE,
  key_id INTEGER NOT NULL REFERENCES tuning_key(id),
  runner TEXT NOT NULL,
  runner_uid TEXT NOT NULL,
  tactic TEXT NOT NULL,
  median_ns REAL NOT NULL,
  default_ns REAL NOT NULL,
  reason INTEGER NOT NULL,
  tied INTEGER NOT NULL,
  created_unix_ms INTEGER NOT NULL,
  ranking BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_key ON decision(key_id, revision);
CREATE TRIGGER decision_is_immutable BEFORE UPDATE ON decision
BEGIN
  SELECT raise(ABORT, 'decisions are immutable');
END;

CREATE TABLE contest(
  id INTEGER PRIMARY KEY,
  key_id INTEGER NOT NULL REFERENCES tuning_key(id),
  decision_id INTEGER UNIQUE REFERENCES decision(id),
  trials INTEGER NOT NULL,
  worker_restarts INTEGER NOT NULL,
  seconds REAL NOT NULL,
  stored_unix_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX contest_key ON contest(key_id);

CREATE TABLE trial(
  contest_id INTEGER NOT NULL REFERENCES contest(id),
  position INTEGER NOT NULL,
  runner TEXT NOT NULL,
  runner_uid TEXT NOT NULL,
  tactic TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  detail TEXT NOT NULL,
  median_ns REAL NOT NULL,
  sample_count INTEGER NOT NULL,
  candidate BLOB NOT NULL,
  samples BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (contest_id, position)
) STRICT;

CREATE TABLE job(
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL,
  client TEXT NOT NULL,
  state INTEGER NOT NULL,
  message TEXT NOT NULL,
  created_unix_ms INTEGER NOT NULL,
  deadline_unix_ms INTEGER NOT NULL,
  ended_unix_ms INTEGER NOT NULL,
  runners TEXT NOT NULL,
  again INTEGER NOT NULL,
  items INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE job_item(
  job INTEGER NOT NULL REFERENCES job(sequence) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  key_id INTEGER NOT NULL REFERENCES tuning_key(id),
  state INTEGER NOT NULL,
  decision_id INTEGER NOT NULL,
  already_decided INTEGER NOT NULL,
  message TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (job, position)
) STRICT;
)sql";

// For people with a sqlite3 shell; no code reads them.
constexpr char kViewsV1[] = R"sql(
CREATE VIEW decisions AS
SELECT d.revision, d.id AS decision, k.op, k.problem, k.cache, k.launch, e.label AS device,
  d.runner, d.tactic, round(d.median_ns / 1000, 3) AS best_us,
  round(nullif(d.default_ns, 0) / 1000, 3) AS default_us,
  round(nullif(d.default_ns, 0) / nullif(d.median_ns, 0), 2) AS speedup,
  CASE d.reason WHEN 1 THEN 'clear' WHEN 2 THEN 'tie' WHEN 3 THEN 'incumbent' WHEN 4 THEN 'default'
    WHEN 5 THEN 'only' WHEN 6 THEN 'budget' ELSE d.reason END AS reason,
  d.tied, datetime(d.created_unix_ms / 1000, 'unixepoch') AS created_utc,
  NOT EXISTS (SELECT 1 FROM tuning_key k2 JOIN decision d2 ON d2.key_id = k2.id
    WHERE k2.fingerprint = k.fingerprint AND d2.revision > d.revision) AS standing,
  k.fingerprint
FROM decision d JOIN tuning_key k ON k.id = d.key_id JOIN environment e ON e.id = k.environment_id;

CREATE VIEW standing AS SELECT * FROM decisions WHERE standing;

CREATE VIEW trials AS
SELECT c.id AS contest, c.decision_id AS decision, k.op, k.problem, t.position, t.runner, t.tactic,
  CASE t.outcome WHEN 1 THEN 'measured' WHEN 2 THEN 'eliminated' WHEN 3 THEN 'rejected'
    WHEN 4 THEN 'out_of_memory' WHEN 5 THEN 'crashed' WHEN 6 THEN 'timed_out'
    WHEN 7 THEN 'wrong_result' WHEN 8 THEN 'out_of_bounds' WHEN 9 THEN 'protocol_error'
    ELSE t.outcome END AS outcome,
  round(nullif(t.median_ns, 0) / 1000, 3) AS median_us, t.sample_count AS samples, t.detail
FROM trial t JOIN contest c ON c.id = t.contest_id JOIN tuning_key k ON k.id = c.key_id;

CREATE VIEW jobs AS
SELECT j.id AS job, j.client,
  CASE j.state WHEN 1 THEN 'queued' WHEN 2 THEN 'running' WHEN 3 THEN 'done' WHEN 4 THEN 'cancelled'
    WHEN 5 THEN 'expired' WHEN 6 THEN 'failed' ELSE j.state END AS state,
  j.items, (SELECT count(*) FROM job_item i WHERE i.job = j.sequence AND i.state = 3) AS decided,
  (SELECT count(*) FROM job_item i WHERE i.job = j.sequence AND i.state = 4) AS failed,
  datetime(j.created_unix_ms / 1000, 'unixepoch') AS created_utc, j.message
FROM job j;
)sql";

absl::Status CreateV1(Db& db) {
  RETURN_IF_ERROR(db.Exec(absl::StrCat("PRAGMA application_id=", kApplicationId)));
  RETURN_IF_ERROR(db.Exec(kTablesV1));
  return db.Exec(kViewsV1);
}

constexpr char kTablesV2[] = R"sql(
CREATE TABLE miss(
  id INTEGER PRIMARY KEY,
  key_id INTEGER NOT NULL REFERENCES tuning_key(id),
  shapes TEXT NOT NULL,
  canonical BLOB NOT NULL,
  count INTEGER NOT NULL,
  first_unix_ms INTEGER NOT NULL,
  last_unix_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (key_id, canonical)
) STRICT;
CREATE INDEX miss_last ON miss(last_unix_ms);

CREATE VIEW misses AS
SELECT k.op, k.problem, m.shapes, m.count, datetime(m.last_unix_ms / 1000, 'unixepoch') AS last_utc,
  EXISTS (SELECT 1 FROM tuning_key k2 JOIN decision d ON d.key_id = k2.id
    WHERE k2.fingerprint = k.fingerprint) AS decided,
  k.fingerprint
FROM miss m JOIN tuning_key k ON k.id = m.key_id;
)sql";

absl::Status CreateV2(Db& db) { return db.Exec(kTablesV2); }

// The name of outcome 10.
constexpr char kViewsV3[] = R"sql(
DROP VIEW trials;
CREATE VIEW trials AS
SELECT c.id AS contest, c.decision_id AS decision, k.op, k.problem, t.position, t.runner, t.tactic,
  CASE t.outcome WHEN 1 THEN 'measured' WHEN 2 THEN 'eliminated' WHEN 3 THEN 'rejected'
    WHEN 4 THEN 'out_of_memory' WHEN 5 THEN 'crashed' WHEN 6 THEN 'timed_out'
    WHEN 7 THEN 'wrong_result' WHEN 8 THEN 'out_of_bounds' WHEN 9 THEN 'protocol_error'
    WHEN 10 THEN 'not_measured' ELSE t.outcome END AS outcome,
  round(nullif(t.median_ns, 0) / 1000, 3) AS median_us, t.sample_count AS samples, t.detail
FROM trial t JOIN contest c ON c.id = t.contest_id JOIN tuning_key k ON k.id = c.key_id;
)sql";

absl::Status CreateV3(Db& db) { return db.Exec(kViewsV3); }

constexpr char kTablesV4[] = R"sql(
CREATE TABLE disturbance(
  contest_id INTEGER NOT NULL REFERENCES contest(id),
  position INTEGER NOT NULL,
  cause TEXT NOT NULL,
  discarded INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  round INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (contest_id, position)
) STRICT;

CREATE TABLE verification(
  job INTEGER NOT NULL REFERENCES job(sequence) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  decision_id INTEGER NOT NULL,
  drift REAL NOT NULL,
  regret REAL NOT NULL,
  regret_error REAL NOT NULL,
  superseded INTEGER NOT NULL,
  pick_failed INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (job, position)
) STRICT;
)sql";

absl::Status CreateV4(Db& db) { return db.Exec(kTablesV4); }

constexpr char kTablesV5[] = R"sql(
CREATE TABLE ban(
  id INTEGER PRIMARY KEY,
  runner TEXT NOT NULL,
  runner_uid TEXT NOT NULL,
  tactic TEXT NOT NULL,
  op TEXT NOT NULL,
  reason TEXT NOT NULL,
  client TEXT NOT NULL,
  created_unix_ms INTEGER NOT NULL,
  every_tactic INTEGER NOT NULL,
  candidate BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (candidate, every_tactic, op)
) STRICT;

CREATE VIEW bans AS
SELECT runner, runner_uid, tactic, CASE op WHEN '' THEN 'every' ELSE op END AS op, reason, client,
  datetime(created_unix_ms / 1000, 'unixepoch') AS banned_utc
FROM ban ORDER BY id;
)sql";

absl::Status CreateV5(Db& db) { return db.Exec(kTablesV5); }

absl::Status Step(Db& db, const Migration& migration, int64_t to_version) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(db));
  RETURN_IF_ERROR(migration(db));
  RETURN_IF_ERROR(db.Exec(absl::StrCat("PRAGMA user_version=", to_version)));
  return transaction.Commit();
}

// A consistent copy, complete or not there at all.
absl::Status KeepCopy(Db& db, int64_t version) {
  const std::filesystem::path copy = absl::StrCat(db.file().string(), ".v", version);
  const std::filesystem::path partial = copy.string() + ".new";
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  ASSIGN_OR_RETURN(Statement vacuum, db.Prepare("VACUUM INTO ?"));
  RETURN_IF_ERROR(vacuum.Bind(Row{partial.string()}));
  RETURN_IF_ERROR(vacuum.Run());
  return MoveIntoPlace(partial, copy);
}

}  // namespace

std::vector<Migration> Migrations() { return {CreateV1, CreateV2, CreateV3, CreateV4, CreateV5}; }

absl::Status Migrate(Db& db, const std::vector<Migration>& migrations) {
  ASSIGN_OR_RETURN(const int64_t version, db.QueryInt("PRAGMA user_version"));
  const auto latest = static_cast<int64_t>(migrations.size());
  if (version < 0 || version > latest) {
    return absl::FailedPreconditionError(
        absl::StrCat("sqlite:", db.file().string(), ": the file has schema version ", version,
                     "; this program knows up to ", latest,
                     ". Run the newer program, or use the copy that it kept when it upgraded (",
                     db.file().string(), ".v*); nothing was changed"));
  }
  if (version > 0 && version < latest) RETURN_IF_ERROR(KeepCopy(db, version));
  for (int64_t v = version; v < latest; ++v) {
    RETURN_IF_ERROR(Step(db, migrations[static_cast<size_t>(v)], v + 1));
  }
  return absl::OkStatus();
}

}  // namespace tactic
