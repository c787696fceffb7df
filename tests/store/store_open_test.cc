// What a store does before it touches a file: who holds it, where it is, whose it is.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/schema.h"
#include "server/store/sqlite_store.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;

std::string Contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void Sql(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

// For this thread, an ordinary user without the rights of root.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() : before_(setfsuid(kNobody)) {}
  ~AsOrdinaryUser() { setfsuid(static_cast<uid_t>(before_)); }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const int before_;
};

class StoreOpenTest : public ::testing::Test {
 protected:
  const TempDir dir_;
  const std::filesystem::path file_ = dir_ / "tactic.db";
};

TEST_F(StoreOpenTest, SecondOpenerIsRefusedAndTheFirstGoesOn) {
  auto first = SqliteStore::Open(file_);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(SqliteStore::Open(file_),
              StatusIs(kRefused, AllOf(HasSubstr(file_.string()), HasSubstr("tactic.db.lock"),
                                       HasSubstr("process " + std::to_string(getpid())))));
  EXPECT_THAT((*first)->PutJob({.id = "j-1"}), IsOk());
  first->reset();
  auto third = SqliteStore::Open(file_);
  ASSERT_THAT(third, IsOk());
  EXPECT_THAT((*third)->LoadJobs(), IsOkAndHolds(SizeIs(1)));
}

TEST_F(StoreOpenTest, AnotherProgramInTheFileIsRefusedAndReported) {
  ASSERT_THAT(SqliteStore::Open(file_), IsOk());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("another process")));
  sqlite3_close(db);
  EXPECT_THAT(SqliteStore::Open(file_), IsOk());
}

TEST_F(StoreOpenTest, OthersCannotReadAStoreInUse) {
  auto store = SqliteStore::Open(file_);
  ASSERT_THAT(store, IsOk());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "SELECT * FROM meta", nullptr, nullptr, nullptr), SQLITE_BUSY);
  sqlite3_close(db);
  EXPECT_THAT((*store)->PutJob({.id = "j-1"}), IsOk());
}

TEST_F(StoreOpenTest, SymbolicLinkIsNotFollowed) {
  ASSERT_THAT(SqliteStore::Open(dir_ / "real.db"), IsOk());
  std::filesystem::create_symlink(dir_ / "real.db", file_);
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("symbolic link")));
  std::filesystem::remove(file_);
  std::filesystem::create_symlink(dir_ / "nowhere", file_);
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("symbolic link")));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "nowhere"));
}

TEST_F(StoreOpenTest, LockFileThatIsALinkIsNotFollowed) {
  std::filesystem::create_symlink(dir_ / "victim", file_.string() + ".lock");
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("lock file")));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "victim"));
}

TEST_F(StoreOpenTest, LinkedDirectoryIsFine) {
  std::filesystem::create_directory(dir_ / "state");
  std::filesystem::create_directory_symlink(dir_ / "state", dir_ / "link");
  EXPECT_THAT(SqliteStore::Open(dir_ / "link" / "tactic.db"), IsOk());
  EXPECT_TRUE(std::filesystem::exists(dir_ / "state" / "tactic.db"));
}

TEST_F(StoreOpenTest, DirectoryInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directory(file_);
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("not a file")));
}

TEST_F(StoreOpenTest, MissingDirectoryIsNamed) {
  EXPECT_THAT(SqliteStore::Open(dir_ / "none" / "tactic.db"),
              StatusIs(kRefused, HasSubstr((dir_ / "none").string())));
}

TEST_F(StoreOpenTest, ReadOnlyDirectoryIsRefusedWithTheReason) {
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0555));
  {
    const AsOrdinaryUser ordinary;
    EXPECT_THAT(SqliteStore::Open(file_),
                StatusIs(kRefused, AllOf(HasSubstr("tactic.db.lock"), HasSubstr("denied"))));
  }
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(StoreOpenTest, FileOfAnotherOwnerIsRefusedAndUntouched) {
  ASSERT_THAT(SqliteStore::Open(file_), IsOk());
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(file_, std::filesystem::perms(0444));
  std::filesystem::permissions(file_.string() + ".lock", std::filesystem::perms(0666));
  const std::string before = Contents(file_);
  {
    const AsOrdinaryUser ordinary;
    EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("may write")));
  }
  EXPECT_EQ(Contents(file_), before);
}

TEST_F(StoreOpenTest, NetworkFileSystemsAreRefusedByName) {
  SqliteStoreOptions options;
  options.filesystem_type = [](const std::filesystem::path&) { return int64_t{0x6969}; };
  EXPECT_THAT(SqliteStore::Open(file_, options),
              StatusIs(kRefused, AllOf(HasSubstr("NFS"), HasSubstr("local disk"))));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(StoreOpenTest, UnknownFileSystemIsLogged) {
  std::vector<std::string> log;
  SqliteStoreOptions options;
  options.log = [&log](const std::string& message) { log.push_back(message); };
  options.filesystem_type = [](const std::filesystem::path&) { return int64_t{0x1234}; };
  EXPECT_THAT(SqliteStore::Open(file_, options), IsOk());
  EXPECT_THAT(log, ElementsAre(HasSubstr("0x1234")));
}

TEST_F(StoreOpenTest, DatabaseOfAnotherProgramIsRefusedAndUntouched) {
  Sql(file_, "CREATE TABLE theirs(a); INSERT INTO theirs VALUES(1)");
  const std::string before = Contents(file_);
  EXPECT_THAT(SqliteStore::Open(file_), StatusIs(kRefused, HasSubstr("another program")));
  EXPECT_EQ(Contents(file_), before);
}

TEST_F(StoreOpenTest, NewerVersionIsRefusedNamingBothAndUntouched) {
  ASSERT_THAT(SqliteStore::Open(file_), IsOk());
  Sql(file_, "PRAGMA user_version=101");
  const std::string before = Contents(file_);
  EXPECT_THAT(SqliteStore::Open(file_),
              StatusIs(kRefused, AllOf(HasSubstr("version 101"),
                                       HasSubstr("up to " + std::to_string(Migrations().size())))));
  EXPECT_EQ(Contents(file_), before);
}

TEST_F(StoreOpenTest, RemovedOrReplacedFileIsNoticedBeforeTheNextChange) {
  for (const bool replaced : {false, true}) {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->PutJob({.id = "j-1"}), IsOk());
    std::filesystem::rename(file_, dir_ / "moved.db");
    if (replaced) std::filesystem::copy(dir_ / "moved.db", file_);
    EXPECT_THAT((*store)->PutJob({.id = "j-2"}),
                StatusIs(kRefused, HasSubstr("removed or replaced while in use")));
    EXPECT_THAT((*store)->LoadJobs(), IsOkAndHolds(SizeIs(1))) << "reads go on";
    store->reset();
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      std::filesystem::remove(entry.path());
    }
  }
}

TEST_F(StoreOpenTest, LeftoversOfAnInterruptedCreationAreNotInTheWay) {
  for (const char* suffix : {".new", ".new-journal", ".new-wal"}) {
    std::ofstream(file_.string() + suffix) << "rubbish";
  }
  EXPECT_THAT(SqliteStore::Open(file_), IsOk());
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".new"));
}

TEST_F(StoreOpenTest, CleanCloseLeavesOneFileAndTheLock) {
  {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->PutJob({.id = "j-1"}), IsOk());
    EXPECT_TRUE(std::filesystem::exists(file_.string() + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(file_.string() + "-shm"));
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("tactic.db", "tactic.db.lock"));
}

}  // namespace
}  // namespace tactic::testing
