#include "server/store/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

// A SQLite result code as a kind of failure, with advice to the operator.
struct Meaning {
  absl::StatusCode code;
  const char* advice;
  bool needs_reopen;
};

Meaning MeaningOf(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return {absl::StatusCode::kResourceExhausted, "free space on this file system", true};
    case SQLITE_IOERR:
      return {absl::StatusCode::kUnavailable,
              "check the disk and the kernel's log; the change may or may not have been stored",
              true};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {absl::StatusCode::kDataLoss,
              "the file is damaged; restore a copy, or move it away together with its -wal file to "
              "start empty",
              true};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {absl::StatusCode::kFailedPrecondition,
              "another process has the file open; stop it (a sqlite3 shell counts)", false};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {absl::StatusCode::kFailedPrecondition,
              "check that this user owns the file and its directory and may write to both", true};
    case SQLITE_NOMEM:
      return {absl::StatusCode::kResourceExhausted, "memory ran out", true};
    case SQLITE_TOOBIG:
      return {absl::StatusCode::kInvalidArgument, "a value is larger than SQLite stores", false};
    default:
      return {absl::StatusCode::kInternal, "please report this", false};
  }
}

absl::Status Describe(const std::filesystem::path& file, const std::string& doing, int code,
                      const char* detail) {
  const Meaning meaning = MeaningOf(code);
  return absl::Status(meaning.code, absl::StrCat("sqlite:", file.string(), ": ", doing, ": ",
                                                 detail, " (code ", code, "); ", meaning.advice));
}

int BindValue(sqlite3_stmt* stmt, int at, const SqlValue& value) {
  struct Binder {
    sqlite3_stmt* stmt;
    int at;
    int operator()(std::monostate) const { return sqlite3_bind_null(stmt, at); }
    int operator()(int64_t v) const { return sqlite3_bind_int64(stmt, at, v); }
    int operator()(double v) const { return sqlite3_bind_double(stmt, at, v); }
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(stmt, at, v.data(), v.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    int operator()(const Blob& v) const {
      return sqlite3_bind_blob64(stmt, at, v.bytes.data(), v.bytes.size(), SQLITE_TRANSIENT);
    }
  };
  return std::visit(Binder{stmt, at}, value);
}

// The value as alternative T of `value`, in the memory of the T that it held before.
template <typename T>
T& Become(SqlValue& value) {
  if (!std::holds_alternative<T>(value)) value.emplace<T>();
  return std::get<T>(value);
}

// `bytes` may be null: an empty value, or no memory for it, which the row's checksum then tells.
void Assign(const void* bytes, int size, std::string& to) {
  to.assign(static_cast<const char*>(bytes), bytes == nullptr ? 0 : static_cast<size_t>(size));
}

void ReadColumn(sqlite3_stmt* stmt, int at, SqlValue& value) {
  switch (sqlite3_column_type(stmt, at)) {
    case SQLITE_INTEGER:
      value = int64_t{sqlite3_column_int64(stmt, at)};
      break;
    case SQLITE_FLOAT:
      value = sqlite3_column_double(stmt, at);
      break;
    case SQLITE_TEXT: {
      const auto* text = sqlite3_column_text(stmt, at);
      Assign(text, sqlite3_column_bytes(stmt, at), Become<std::string>(value));
      break;
    }
    case SQLITE_BLOB: {
      const auto* bytes = sqlite3_column_blob(stmt, at);
      Assign(bytes, sqlite3_column_bytes(stmt, at), Become<Blob>(value).bytes);
      break;
    }
    default:
      value = std::monostate{};
  }
}

// "(?,?,?)"
std::string Placeholders(size_t count) {
  std::string out = "(";
  for (size_t i = 0; i < count; ++i) out += i == 0 ? "?" : ",?";
  return out + ")";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

absl::Status Statement::Bind(const Row& values) {
  sqlite3_reset(stmt_.get());  // Reports the last step's failure again; Step has returned it.
  for (size_t i = 0; i < values.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    if (BindValue(stmt_.get(), at, values[i]) != SQLITE_OK) return db_->LastError("binding");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Statement::Step() {
  const int rc = sqlite3_step(stmt_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return db_->LastError(sqlite3_sql(stmt_.get()));
}

absl::Status Statement::Run() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) return absl::OkStatus();
  }
}

Row Statement::Columns(int first) const {
  const int count = sqlite3_column_count(stmt_.get());
  std::vector<SqlValue> values(static_cast<size_t>(count - first));
  for (int i = first; i < count; ++i) {
    ReadColumn(stmt_.get(), i, values[static_cast<size_t>(i - first)]);
  }
  return Row(std::move(values));
}

void Statement::ReadInto(Row& row) const {
  row.values_.resize(static_cast<size_t>(sqlite3_column_count(stmt_.get())));
  for (size_t i = 0; i < row.values_.size(); ++i) {
    ReadColumn(stmt_.get(), static_cast<int>(i), row.values_[i]);
  }
}

void Db::Close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

absl::StatusOr<std::unique_ptr<Db>> Db::Open(const std::filesystem::path& file, Mode mode,
                                             const std::string& vfs) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
              SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(file.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Db> db(new Db(file, raw));  // SQLite hands out a handle on failure too.
  if (rc != SQLITE_OK) return Describe(file, "opening", rc, sqlite3_errstr(rc));
  // SQLite falls back to reading only.
  if (sqlite3_db_readonly(raw, "main") == 1) {
    return Describe(file, "opening", SQLITE_READONLY, "no permission to write");
  }
  return db;
}

Db::~Db() = default;

absl::Status Db::LastError(const std::string& doing) {
  const int code = sqlite3_extended_errcode(db_.get());
  needs_reopen_ = needs_reopen_ || MeaningOf(code).needs_reopen;
  return Describe(file_, doing, code, sqlite3_errmsg(db_.get()));
}

absl::Status Db::Exec(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  constexpr size_t kEnough = 80;  // Of a script, its beginning.
  return LastError(sql.substr(0, std::min(sql.find('\n'), kEnough)));
}

absl::StatusOr<Statement> Db::Prepare(const std::string& sql) {
  sqlite3_stmt* stmt = nullptr;
  const int rc = sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &stmt,
                                    /*pzTail=*/nullptr);
  if (rc != SQLITE_OK) return LastError(sql);
  return Statement(*this, stmt);
}

absl::StatusOr<Statement*> Db::Kept(const std::string& sql) {
  auto it = kept_.find(sql);
  if (it == kept_.end()) {
    ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
    it = kept_.emplace(sql, std::move(statement)).first;
  }
  return &it->second;
}

absl::StatusOr<std::vector<Row>> Db::QueryRows(const std::string& sql, const Row& parameters) {
  ASSIGN_OR_RETURN(Statement * statement, Kept(sql));
  RETURN_IF_ERROR(statement->Bind(parameters));
  std::vector<Row> rows;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, statement->Step());
    if (!more) return rows;
    rows.push_back(statement->Columns());
  }
}

absl::StatusOr<Row> Db::QueryRow(const std::string& sql, const Row& parameters) {
  ASSIGN_OR_RETURN(std::vector<Row> rows, QueryRows(sql, parameters));
  if (rows.empty()) return absl::NotFoundError(absl::StrCat("no row: ", sql));
  return std::move(rows.front());
}

absl::StatusOr<int64_t> Db::QueryInt(const std::string& sql, const Row& parameters) {
  ASSIGN_OR_RETURN(const Row row, QueryRow(sql, parameters));
  return row.Int(0);
}

absl::Status Db::Insert(const Table& table, Row row) {
  row.Seal(table);
  return Write(absl::StrCat("INSERT INTO ", table.name, "(", table.columns, ") VALUES",
                            Placeholders(row.size())),
               row);
}

absl::Status Db::Update(const Table& table, const std::string& where, Row row) {
  row.Seal(table);
  RETURN_IF_ERROR(Write(absl::StrCat("UPDATE ", table.name, " SET (", table.columns,
                                     ")=", Placeholders(row.size()), " WHERE ", where),
                        row));
  if (sqlite3_changes(db_.get()) > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no row of ", table.name, " where ", where));
}

absl::Status Db::Write(const std::string& sql, const Row& row) {
  ASSIGN_OR_RETURN(Statement * statement, Kept(sql));
  RETURN_IF_ERROR(statement->Bind(row));
  return statement->Run();
}

std::string Db::Select(const Table& table) {
  return absl::StrCat("SELECT ", table.columns, " FROM ", table.name, " ");
}

void Db::SetCheckpointOnClose(bool on) {
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

bool Db::InTransaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

absl::StatusOr<Transaction> Transaction::Begin(Db& db) {
  RETURN_IF_ERROR(db.Exec("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Transaction::~Transaction() {
  // SQLite has already rolled back after some errors. A failure here leaves a connection that
  // NeedsReopen.
  if (db_ != nullptr && db_->InTransaction()) db_->Exec("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(db_->Exec("COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

}  // namespace tactic
