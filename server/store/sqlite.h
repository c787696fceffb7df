// SQLite as types: a connection, a statement, a transaction. Errors are absl::Status with the file,
// the extended result code and what to do about it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/row.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tactic {

class Db;

// A prepared statement. Belongs to one Db, which outlives it.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  // Starts over with these values for the parameters ?1, ?2, ...
  absl::Status Bind(const Row& values);
  // True: a row is there. False: done.
  absl::StatusOr<bool> Step();
  // Steps to the end, ignoring rows.
  absl::Status Run();
  // The current row, all columns from `first` on.
  Row Columns(int first = 0) const;
  // All columns of the current row, into a row whose memory is used again: for reading many.
  void ReadInto(Row& row) const;

 private:
  friend class Db;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept;
  };
  Statement(Db& db, sqlite3_stmt* stmt) : db_(&db), stmt_(stmt) {}

  Db* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
};

// A connection to an existing file. Not thread-safe: its owner has the lock. Immovable, because
// statements point to it.
class Db {
 public:
  // Never creates the file and never follows a symbolic link; with `create` it must not be there
  // yet. `vfs`: the name of a registered sqlite3_vfs, empty = the system's.
  enum class Mode { kExisting, kCreate };
  static absl::StatusOr<std::unique_ptr<Db>> Open(const std::filesystem::path& file, Mode mode,
                                                  const std::string& vfs = "");
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // Runs statements that return nothing of interest.
  absl::Status Exec(const std::string& sql);
  absl::StatusOr<Statement> Prepare(const std::string& sql);
  // All rows of a query, for few; use Prepare and Step for many.
  absl::StatusOr<std::vector<Row>> QueryRows(const std::string& sql, const Row& parameters);
  // The first one. NotFound when there is none.
  absl::StatusOr<Row> QueryRow(const std::string& sql, const Row& parameters = Row());
  absl::StatusOr<int64_t> QueryInt(const std::string& sql, const Row& parameters = Row());

  // Seals and stores a row; Update in place of the one for which `where` holds, in which ?1, ?2 ...
  // are the row's values. NotFound when there is none.
  absl::Status Insert(const Table& table, Row row);
  absl::Status Update(const Table& table, const std::string& where, Row row);
  // "SELECT columns FROM table": to be completed with WHERE and ORDER BY.
  static std::string Select(const Table& table);

  // Whether closing moves the log into the database. Off while it is not known whether the file is
  // ours to change.
  void SetCheckpointOnClose(bool on);
  bool InTransaction() const;
  // An error was seen after which this connection's idea of the file may be wrong: close it, open
  // another, read again.
  bool NeedsReopen() const { return needs_reopen_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* db) const noexcept;
  };
  Db(std::filesystem::path file, sqlite3* db) : file_(std::move(file)), db_(db) {}
  absl::Status LastError(const std::string& doing);
  absl::Status Write(const std::string& sql, const Row& row);
  // A prepared statement that is kept: a contest stores 500 trials. To be stepped to its end.
  absl::StatusOr<Statement*> Kept(const std::string& sql);

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string, Statement> kept_;  // By their SQL.
  bool needs_reopen_ = false;
};

// BEGIN IMMEDIATE; rolls back unless committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Db& db);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;

  // OK: the changes are on disk. An error: they may be.
  absl::Status Commit();

 private:
  explicit Transaction(Db& db) : db_(&db) {}
  Db* db_;
};

}  // namespace tactic
