#include "server/store/sqlite_store.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/store/ban_rows.h"
#include "server/store/contest_rows.h"
#include "server/store/job_rows.h"
#include "server/store/key_rows.h"
#include "server/store/miss_rows.h"
#include "server/store/put_checks.h"
#include "server/store/standing_rows.h"
#include "server/store/store_id.h"

namespace tactic {
namespace {

// For people who look into the file.
int64_t UnixMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// EXCLUSIVE before anything is read, so that the write-ahead log needs no shared memory file: the
// database then opens on a full disk, and no second process can come in.
constexpr char kPragmas[] = R"sql(PRAGMA locking_mode=EXCLUSIVE;
PRAGMA trusted_schema=OFF;
PRAGMA cell_size_check=ON;
PRAGMA mmap_size=0;
PRAGMA temp_store=MEMORY;
PRAGMA foreign_keys=ON;
)sql";
// Separate, since it writes into a file that is not in this mode yet.
constexpr char kLogPragmas[] = R"sql(PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA wal_autocheckpoint=1000;
PRAGMA journal_size_limit=16777216;
)sql";

absl::StatusOr<std::unique_ptr<Db>> Connect(const std::filesystem::path& file, Db::Mode mode,
                                            const std::string& vfs) {
  ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::Open(file, mode, vfs));
  db->SetCheckpointOnClose(false);
  RETURN_IF_ERROR(db->Exec(kPragmas));
  return db;
}

absl::Status CheckPages(Db& db) {
  ASSIGN_OR_RETURN(const Row row, db.QueryRow("PRAGMA quick_check(1)"));
  if (row.Text(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("sqlite:", db.file().string(), ": damaged: ", row.Text(0),
                   ". Nothing was changed. Restore a copy, or move the file away together with its "
                   "-wal file to start empty"));
}

// SQLite keeps the mode it had when it cannot change it, and reports no error.
absl::Status EnterLogMode(Db& db) {
  RETURN_IF_ERROR(db.Exec(kLogPragmas));
  ASSIGN_OR_RETURN(const Row mode, db.QueryRow("PRAGMA journal_mode"));
  if (mode.Text(0) == "wal") return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("sqlite:", db.file().string(), ": journal mode is ", mode.Text(0), ", not wal"));
}

// An absolute path without symbolic links before the last component: SQLite is told to follow none.
absl::StatusOr<std::filesystem::path> Resolve(const std::filesystem::path& file) {
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code ec;
  const std::filesystem::path directory = std::filesystem::canonical(parent, ec);
  if (!ec && std::filesystem::is_directory(directory, ec)) return directory / file.filename();
  return absl::FailedPreconditionError(
      absl::StrCat(parent.string(), ": not a directory that can be read",
                   ec ? ": " + ec.message() : "", ". Make it, or name another state directory"));
}

}  // namespace

SqliteStore::SqliteStore(std::filesystem::path file, SqliteStoreOptions options,
                         std::unique_ptr<LockFile> lock)
    : file_(std::move(file)),
      options_(std::move(options)),
      lock_(std::move(lock)),
      damage_(options_.log) {}

SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& file,
                                                               SqliteStoreOptions options) {
  ASSIGN_OR_RETURN(const std::filesystem::path path, Resolve(file));
  RETURN_IF_ERROR(CheckFilesystem(path.parent_path(), options.filesystem_type, options.log));
  ASSIGN_OR_RETURN(std::unique_ptr<LockFile> lock, LockFile::Acquire(path));
  ASSIGN_OR_RETURN(const bool exists, CheckDatabaseFile(path));
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, std::move(options), std::move(lock)));
  MutexLock held(store->mu_);
  if (!exists) RETURN_IF_ERROR(store->Create());
  RETURN_IF_ERROR(store->FirstConnect());
  return store;
}

// Under another name, so that a database which is there is complete, and an empty file is never
// ours. Without a log, so that nothing is left for closing, which cannot report a failure.
absl::Status SqliteStore::Create() {
  const std::filesystem::path fresh = file_.string() + ".new";
  for (const char* suffix : {"", "-wal", "-journal"}) {
    std::error_code ignored;  // Left by a start that was interrupted. If it stays, opening fails.
    std::filesystem::remove(fresh.string() + suffix, ignored);
  }
  {
    ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Connect(fresh, Db::Mode::kCreate, options_.vfs));
    RETURN_IF_ERROR(Migrate(*db, options_.migrations));
    Meta meta;
    meta.store_id = NewStoreId();
    meta.created_unix_ms = UnixMillis();
    meta.writer = options_.writer;
    RETURN_IF_ERROR(InsertMeta(*db, meta));
  }
  return MoveIntoPlace(fresh, file_);
}

absl::Status SqliteStore::FirstConnect() {
  ASSIGN_OR_RETURN(db_, Connect(file_, Db::Mode::kExisting, options_.vfs));
  identity_ = IdentityOf(file_);
  RETURN_IF_ERROR(CheckPages(*db_));
  RETURN_IF_ERROR(Migrate(*db_, options_.migrations));
  // Before it enters the log mode, so that a file whose meta row is damaged stays as it is; and
  // after, because SQLite cannot settle a log that it has just begun and not read from.
  RETURN_IF_ERROR(ReadMeta(*db_).status());
  RETURN_IF_ERROR(EnterLogMode(*db_));
  ASSIGN_OR_RETURN(meta_, ReadMeta(*db_));
  db_->SetCheckpointOnClose(true);
  if (absl::Status s = Settle(); !s.ok()) {
    options_.log(absl::StrCat("the store can be read, not written: ", s.message()));
  }
  return NoticeLostChanges();
}

// A position is (store id, revision). If the database has gone back, the old id would let a watcher
// resume at a revision that now means something else.
absl::Status SqliteStore::NoticeLostChanges() {
  const std::optional<LockFile::Mark>& mark = lock_->found();
  if (!mark || mark->store_id != meta_.store_id || mark->revision <= meta_.revision) {
    lock_->Note({meta_.store_id, meta_.revision});
    return absl::OkStatus();
  }
  const std::string message =
      absl::StrCat("sqlite:", file_.string(), ": was at revision ", mark->revision, ", is at ",
                   meta_.revision, ": its newest changes are lost (log removed, or an older copy)");
  RETURN_IF_ERROR(WriteLocked([](Db&, Damage&, Meta& meta) {
    meta.store_id = NewStoreId();
    return absl::OkStatus();
  }));
  options_.log(absl::StrCat(message, "; it goes on as a new store, ", meta_.store_id));
  return absl::OkStatus();
}

absl::Status SqliteStore::EnsureConnected() {
  if (db_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Connect(file_, Db::Mode::kExisting, options_.vfs));
  ASSIGN_OR_RETURN(Meta meta, ReadMeta(*db));
  if (IdentityOf(file_) != identity_ || meta.store_id != meta_.store_id ||
      meta.revision < meta_.revision) {
    return absl::DataLossError(absl::StrCat(
        "sqlite:", file_.string(), ": was store ", meta_.store_id, " at revision ", meta_.revision,
        ", is store ", meta.store_id, " at ", meta.revision,
        ": the file was replaced while in use. Restart to go on with the file that is there"));
  }
  RETURN_IF_ERROR(EnterLogMode(*db));
  db->SetCheckpointOnClose(true);
  db_ = std::move(db);
  meta_ = std::move(meta);
  settled_ = false;
  return absl::OkStatus();
}

absl::Status SqliteStore::Settle() {
  if (settled_) return absl::OkStatus();
  RETURN_IF_ERROR(db_->Exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  settled_ = true;
  return absl::OkStatus();
}

void SqliteStore::AfterError(const absl::Status& error) {
  if (db_ == nullptr || !db_->NeedsReopen()) return;
  options_.log(absl::StrCat("reopening the store after: ", error.message()));
  db_.reset();
  settled_ = false;
  if (absl::Status s = EnsureConnected(); !s.ok()) {
    options_.log(absl::StrCat("the store is closed until this is mended: ", s.message()));
  }
}

absl::Status SqliteStore::Read(absl::FunctionRef<absl::Status(Db&, Damage&)> body) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(EnsureConnected());
  const absl::Status status = body(*db_, damage_);
  if (!status.ok()) AfterError(status);
  return status;
}

absl::Status SqliteStore::Write(absl::FunctionRef<absl::Status(Db&, Damage&, Meta&)> body) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(EnsureConnected());
  const absl::Status status = WriteLocked(body);
  if (!status.ok()) AfterError(status);
  return status;
}

absl::Status SqliteStore::WriteLocked(absl::FunctionRef<absl::Status(Db&, Damage&, Meta&)> body) {
  // A removed file would take all changes with it, and SQLite would not notice.
  if (IdentityOf(file_) != identity_) {
    return absl::FailedPreconditionError(
        absl::StrCat("sqlite:", file_.string(),
                     ": removed or replaced while in use; changes are refused. Restart to go on "
                     "with what is there"));
  }
  RETURN_IF_ERROR(Settle());
  Meta next = meta_;
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*db_));
  RETURN_IF_ERROR(body(*db_, damage_, next));
  next.writer = options_.writer;
  RETURN_IF_ERROR(UpdateMeta(*db_, next));
  RETURN_IF_ERROR(transaction.Commit());
  meta_ = std::move(next);
  lock_->Note({meta_.store_id, meta_.revision});
  return absl::OkStatus();
}

StoreInfo SqliteStore::Info() const {
  MutexLock lock(mu_);
  return {"sqlite:" + file_.string(), meta_.store_id, meta_.revision, damage_.rows()};
}

absl::StatusOr<std::optional<Decision>> SqliteStore::PutContest(
    const Key& key, const std::optional<Decision>& decision, const Evidence& evidence) {
  ASSIGN_OR_RETURN(std::vector<std::optional<Decision>> stored,
                   AddContests({{0, key, decision, evidence, /*standing=*/true}}));
  return std::move(stored.front());
}

absl::StatusOr<std::vector<std::optional<Decision>>> SqliteStore::AddContests(
    const std::vector<StoredContest>& contests) {
  for (const StoredContest& contest : contests) {
    RETURN_IF_ERROR(CheckContest(contest.key, contest.decision, contest.evidence));
  }
  std::vector<std::optional<Decision>> stored;
  RETURN_IF_ERROR(Write([&](Db& db, Damage& damage, Meta& meta) -> absl::Status {
    for (const StoredContest& contest : contests) {
      std::optional<Decision>& decision = stored.emplace_back(contest.decision);
      ASSIGN_OR_RETURN(const int64_t key_id, FindOrAddKey(db, damage, contest.key));
      if (decision) {
        decision->revision = contest.standing ? ++meta.revision : 0;
        decision->id = ++meta.last_decision;
        RETURN_IF_ERROR(InsertDecision(db, key_id, *decision));
      }
      const auto contest_id = static_cast<int64_t>(++meta.last_contest);
      RETURN_IF_ERROR(InsertContest(db, contest_id, key_id, decision ? decision->id : 0,
                                    contest.evidence, UnixMillis()));
    }
    return absl::OkStatus();
  }));
  return stored;
}

absl::StatusOr<bool> SqliteStore::HasContest(const StoredContest& contest) {
  bool found = false;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(found, FindContest(db, damage, contest));
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::optional<StoredContest>> SqliteStore::NextContest(uint64_t after,
                                                                      uint64_t& damaged) {
  std::optional<StoredContest> contest;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(contest, ReadNextContest(db, damage, after, damaged));
    return absl::OkStatus();
  }));
  return contest;
}

absl::StatusOr<std::vector<Decision>> SqliteStore::LoadDecisions() {
  std::vector<Decision> decisions;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(decisions, ReadStandingDecisions(db, damage));
    return absl::OkStatus();
  }));
  return decisions;
}

absl::StatusOr<Decision> SqliteStore::FindDecision(uint64_t id) {
  Decision decision;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(decision, ReadDecision(db, damage, id));
    return absl::OkStatus();
  }));
  return decision;
}

absl::StatusOr<Evidence> SqliteStore::LoadEvidence(uint64_t decision_id) {
  Evidence evidence;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(evidence, ReadEvidence(db, damage, decision_id));
    return absl::OkStatus();
  }));
  return evidence;
}

absl::Status SqliteStore::PutJob(const Job& job) {
  RETURN_IF_ERROR(CheckJob(job));
  return Write([&](Db& db, Damage& damage, Meta&) { return WriteJob(db, damage, job); });
}

absl::Status SqliteStore::UpdateJobItem(const Job& job, size_t index) {
  RETURN_IF_ERROR(CheckJobItem(job, index));
  return Write([&](Db& db, Damage& damage, Meta&) { return WriteJobItem(db, damage, job, index); });
}

absl::StatusOr<std::vector<Job>> SqliteStore::LoadJobs() {
  std::vector<Job> jobs;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(jobs, ReadJobs(db, damage));
    return absl::OkStatus();
  }));
  return jobs;
}

absl::Status SqliteStore::DeleteJobsEndedBefore(int64_t unix_ms) {
  return Write([&](Db& db, Damage&, Meta&) { return EraseJobsEndedBefore(db, unix_ms); });
}

absl::Status SqliteStore::AddMisses(const std::vector<MissedCall>& misses) {
  RETURN_IF_ERROR(CheckMisses(misses));
  return Write([&](Db& db, Damage& damage, Meta&) { return WriteMisses(db, damage, misses); });
}

absl::StatusOr<std::vector<MissedCall>> SqliteStore::LoadMisses() {
  std::vector<MissedCall> misses;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(misses, ReadMisses(db, damage));
    return absl::OkStatus();
  }));
  return misses;
}

absl::Status SqliteStore::PutBan(const Ban& ban) {
  RETURN_IF_ERROR(CheckBanToStore(ban));
  return Write([&](Db& db, Damage&, Meta&) { return WriteBan(db, ban); });
}

absl::StatusOr<bool> SqliteStore::RemoveBan(const Ban& ban) {
  bool removed = false;
  RETURN_IF_ERROR(Write([&](Db& db, Damage&, Meta&) -> absl::Status {
    ASSIGN_OR_RETURN(removed, EraseBan(db, ban));
    return absl::OkStatus();
  }));
  return removed;
}

absl::StatusOr<std::vector<Ban>> SqliteStore::LoadBans(uint64_t& damaged) {
  std::vector<Ban> bans;
  RETURN_IF_ERROR(Read([&](Db& db, Damage& damage) -> absl::Status {
    ASSIGN_OR_RETURN(bans, ReadBans(db, damage, damaged));
    return absl::OkStatus();
  }));
  return bans;
}

}  // namespace tactic
