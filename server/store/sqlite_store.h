// The durable Store: one SQLite file, one process, one connection. docs/storage_format.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "server/core/mutex.h"
#include "server/core/store.h"
#include "server/store/damage.h"
#include "server/store/db_file.h"
#include "server/store/lock_file.h"
#include "server/store/meta.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"

namespace tactic {

struct SqliteStoreOptions {
  // The program, for people who look into the file: "tacticd 0.1.0".
  std::string writer = "tacticd";
  // What an operator should know: damaged rows, a new store id, a connection that was reopened.
  // Called on the thread at work; must not call the store.
  std::function<void(const std::string&)> log = [](const std::string&) {};

  // The system, for tests.
  std::string vfs;  // A registered sqlite3_vfs; empty = the system's.
  FilesystemType filesystem_type = FilesystemTypeOf;
  std::vector<Migration> migrations = Migrations();
};

// After an error of the disk it closes its connection, opens another and reads back where it
// stands; until that works every call returns the error. Acknowledged changes are never lost by it.
class SqliteStore final : public Store {
 public:
  // Opens the database, or makes it if there is none; the directory must be there. Holds
  // "<file>.lock". FailedPrecondition: in use by another process, written by a newer program, of
  // another program, a symbolic link, on a network file system, not writable. DataLoss: damaged.
  // Nothing is overwritten in either case, and the message says what to do.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& file,
                                                           SqliteStoreOptions options = {});
  ~SqliteStore() override;

  StoreInfo Info() const override;
  absl::StatusOr<std::optional<Decision>> PutContest(const Key& key,
                                                     const std::optional<Decision>& decision,
                                                     const Evidence& evidence) override;
  absl::StatusOr<std::vector<std::optional<Decision>>> AddContests(
      const std::vector<StoredContest>& contests) override;
  absl::StatusOr<bool> HasContest(const StoredContest& contest) override;
  absl::StatusOr<std::optional<StoredContest>> NextContest(uint64_t after,
                                                           uint64_t& damaged) override;
  absl::StatusOr<std::vector<Decision>> LoadDecisions() override;
  absl::StatusOr<Decision> FindDecision(uint64_t id) override;
  absl::StatusOr<Evidence> LoadEvidence(uint64_t decision_id) override;
  absl::Status PutJob(const Job& job) override;
  absl::Status UpdateJobItem(const Job& job, size_t index) override;
  absl::StatusOr<std::vector<Job>> LoadJobs() override;
  absl::Status DeleteJobsEndedBefore(int64_t unix_ms) override;
  absl::Status AddMisses(const std::vector<MissedCall>& misses) override;
  absl::StatusOr<std::vector<MissedCall>> LoadMisses() override;
  absl::Status PutBan(const Ban& ban) override;
  absl::StatusOr<bool> RemoveBan(const Ban& ban) override;
  absl::StatusOr<std::vector<Ban>> LoadBans(uint64_t& damaged) override;

 private:
  SqliteStore(std::filesystem::path file, SqliteStoreOptions options,
              std::unique_ptr<LockFile> lock);

  absl::Status Create() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Opens the existing file, checks it whole, and reads where it stands.
  absl::Status FirstConnect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status NoticeLostChanges() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes db_ usable if an error had closed it.
  absl::Status EnsureConnected() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes what can be read durable: after an error, the system may hold changes in memory that it
  // failed to write and will not write again.
  absl::Status Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AfterError(const absl::Status& error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Every method's frame. Read: `body` on a good connection. Write: `body` in a transaction, with a
  // meta row that it may advance.
  absl::Status Read(absl::FunctionRef<absl::Status(Db&, Damage&)> body) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Write(absl::FunctionRef<absl::Status(Db&, Damage&, Meta&)> body)
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status WriteLocked(absl::FunctionRef<absl::Status(Db&, Damage&, Meta&)> body)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::filesystem::path file_;
  const SqliteStoreOptions options_;
  const std::unique_ptr<LockFile> lock_;

  mutable Mutex mu_;
  std::unique_ptr<Db> db_ ABSL_GUARDED_BY(mu_);  // nullptr: closed by an error.
  std::optional<FileIdentity> identity_ ABSL_GUARDED_BY(mu_);
  bool settled_ ABSL_GUARDED_BY(mu_) = false;
  Meta meta_ ABSL_GUARDED_BY(mu_);  // As of the last change that was acknowledged or read back.
  Damage damage_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tactic
