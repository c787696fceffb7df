// Files that were cut, overwritten, swapped or flipped: what is wrong is refused or left out, never
// returned, and never overwritten.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::SizeIs;

constexpr int kKeys = 6;

std::string Contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void Overwrite(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// A store of six decisions with evidence and one job, closed.
class StoreDamageTest : public ::testing::Test {
 protected:
  StoreDamageTest() {
    auto store = SqliteStore::Open(file_);
    EXPECT_THAT(store, IsOk());
    for (int i = 0; i < kKeys; ++i) decisions_.push_back(Put(**store, i));
    JobItem item;
    item.key = SampleKey(0);
    item.fingerprint = FingerprintOf(item.key);
    EXPECT_THAT((*store)->PutJob({.id = "j-1", .items = {item}}), IsOk());
    store_id_ = (*store)->Info().store_id;
  }

  static Decision Put(Store& store, int variant) {
    const Decision decision = SampleDecision(variant);
    auto stored = store.PutContest(decision.key, decision, SampleEvidence());
    EXPECT_THAT(stored, IsOk());
    return **stored;
  }

  absl::StatusOr<std::unique_ptr<SqliteStore>> Open() {
    SqliteStoreOptions options;
    options.log = [this](const std::string& message) { log_.push_back(message); };
    return SqliteStore::Open(file_, options);
  }

  // The database is refused with DataLoss, says so, and stays as it is.
  void ExpectRefused(const std::string& message) {
    const std::string before = Contents(file_);
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss,
                                 AllOf(HasSubstr(message), HasSubstr("Restore a copy"))));
    EXPECT_EQ(Contents(file_), before);
  }

  // Changes rows behind the store's back.
  void Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  const TempDir dir_;
  const std::filesystem::path file_ = dir_ / "tactic.db";
  std::vector<Decision> decisions_;
  std::string store_id_;
  std::vector<std::string> log_;
};

TEST_F(StoreDamageTest, EmptyFileIsRefused) {
  Overwrite(file_, "");
  ExpectRefused("empty");
}

TEST_F(StoreDamageTest, TextFileIsRefused) {
  Overwrite(file_, std::string(5000, 'x'));
  ExpectRefused("not a SQLite database");
}

TEST_F(StoreDamageTest, OverwrittenHeaderIsRefused) {
  std::string bytes = Contents(file_);
  bytes.replace(0, 16, 16, '\xff');
  Overwrite(file_, bytes);
  ExpectRefused("header");
}

TEST_F(StoreDamageTest, OverwrittenPageIsRefused) {
  std::string bytes = Contents(file_);
  constexpr size_t kPage = 4096;
  for (size_t page = 1; page < bytes.size() / kPage; ++page) {
    std::string damaged = bytes;
    damaged.replace(page * kPage, kPage, kPage, '\x5a');
    Overwrite(file_, damaged);
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged"))) << page;
    EXPECT_EQ(Contents(file_), damaged);
  }
}

TEST_F(StoreDamageTest, CutTailIsRefused) {
  const std::string bytes = Contents(file_);
  for (const size_t keep : {size_t{100}, size_t{4096}, bytes.size() / 2, bytes.size() - 4096}) {
    Overwrite(file_, bytes.substr(0, keep));
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss)) << keep;
    EXPECT_EQ(Contents(file_).size(), keep);
  }
}

TEST_F(StoreDamageTest, DamagedMetaRowIsRefused) {
  Sql("UPDATE meta SET revision = revision + 1");
  ExpectRefused("meta row is damaged");
  Sql("DELETE FROM meta");
  ExpectRefused("meta row is missing");
}

TEST_F(StoreDamageTest, DatabaseGoneButLogThereIsRefused) {
  std::filesystem::remove(file_);
  Overwrite(file_.string() + "-wal", "a log");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tactic.db-wal")));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(StoreDamageTest, FlippedDecisionIsLeftOutCountedOnceAndLogged) {
  Sql("DROP TRIGGER decision_is_immutable; UPDATE decision SET median_ns = 1 WHERE id = 3");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  std::vector<Decision> expected = decisions_;
  expected.erase(expected.begin() + 2);
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(expected)));
  EXPECT_THAT((*store)->LoadDecisions(), IsOk());
  EXPECT_THAT((*store)->FindDecision(3), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ((*store)->Info().damaged_rows, 1u);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("table decision, rowid 3")));
  // It is tuned again, under a new revision.
  const Decision again = Put(**store, 2);
  EXPECT_EQ(again.revision, kKeys + 1u);
  expected.push_back(again);
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(expected)));
}

TEST_F(StoreDamageTest, AnOlderAnswerDoesNotComeBackForADamagedOne) {
  ASSERT_THAT(Open(), IsOk());
  Put(**Open(), 2);  // Supersedes the third.
  Sql("DROP TRIGGER decision_is_immutable; UPDATE decision SET tied = 9 WHERE revision = 7");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(kKeys - 1)));
  EXPECT_THAT((*store)->FindDecision(3), IsOkAndHolds(Eq(decisions_[2])));
}

TEST_F(StoreDamageTest, FlippedKeyIsLeftOutWithWhatStandsOnItAndReplacedWhenPutAgain) {
  Sql("UPDATE tuning_key SET canonical = zeroblob(3) WHERE id = 1");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(kKeys - 1)));
  EXPECT_THAT((*store)->LoadJobs(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT((*store)->FindDecision(1), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_GE((*store)->Info().damaged_rows, 1u);
  Put(**store, 0);
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(kKeys)));
}

TEST_F(StoreDamageTest, AFlippedBanIsSaidNotToHoldUntilItIsBannedAgain) {
  const Ban first = BanOf(SampleCandidate(1));
  const Ban second = BanOf(SampleCandidate(2));
  for (const Ban& ban : {first, second}) ASSERT_THAT((*Open())->PutBan(ban), IsOk());
  Sql("UPDATE ban SET reason = 'other' WHERE id = 1");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  uint64_t damaged = 0;
  for (uint64_t times = 1; times <= 2; ++times) {
    EXPECT_THAT((*store)->LoadBans(damaged), IsOkAndHolds(ElementsAre(second)));
    EXPECT_EQ(damaged, times);
  }
  EXPECT_EQ((*store)->Info().damaged_rows, 1u);
  EXPECT_THAT(log_, ElementsAre(AllOf(HasSubstr("table ban, rowid 1"), HasSubstr("NOT hold"))));
  ASSERT_THAT((*store)->PutBan(first), IsOk());
  damaged = 0;
  EXPECT_THAT((*store)->LoadBans(damaged), IsOkAndHolds(ElementsAre(first, second)));
  EXPECT_EQ(damaged, 0u);
}

TEST_F(StoreDamageTest, FlippedEnvironmentHarmsNoDecision) {
  Sql("UPDATE environment SET label = 'other'");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(decisions_)));
  Put(**store, kKeys);  // A new key finds its environment damaged.
  EXPECT_EQ((*store)->Info().damaged_rows, 1u);
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(kKeys + 1)));
}

TEST_F(StoreDamageTest, FlippedEvidenceIsDataLossOfThatDecisionOnly) {
  Sql("UPDATE trial SET detail = 'x' WHERE contest_id = 2 AND position = 1;"
      "DELETE FROM trial WHERE contest_id = 3 AND position = 4;"
      "DELETE FROM trial WHERE contest_id = 4 AND position = (SELECT max(position) FROM trial);"
      "UPDATE contest SET seconds = 99 WHERE id = 5");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(decisions_)));
  for (const uint64_t id : {2, 3, 4, 5}) {
    EXPECT_THAT((*store)->LoadEvidence(id), StatusIs(absl::StatusCode::kDataLoss)) << id;
  }
  EXPECT_THAT((*store)->LoadEvidence(1), IsOk());
  EXPECT_THAT((*store)->LoadEvidence(6), IsOk());
}

TEST_F(StoreDamageTest, DamagedContestsArePassedOverAndCounted) {
  Sql("UPDATE contest SET seconds=seconds+1 WHERE id=1");
  Sql("UPDATE trial SET median_ns=median_ns+1 WHERE contest_id=2 AND position=3");
  Sql("DELETE FROM trial WHERE contest_id=3 AND position=0");
  Sql("DROP TRIGGER decision_is_immutable; UPDATE decision SET tied=tied+1 WHERE id=4");
  Sql("UPDATE tuning_key SET op='other' WHERE id=5");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  uint64_t damaged = 0;
  const auto next = (*store)->NextContest(0, damaged);
  ASSERT_THAT(next, IsOk());
  ASSERT_TRUE(next->has_value());
  EXPECT_EQ((*next)->decision, decisions_[5]);
  EXPECT_EQ(damaged, 5u);
  EXPECT_THAT((*store)->NextContest((*next)->id, damaged), IsOkAndHolds(Eq(std::nullopt)));
  // What is damaged is not known, so that it can be imported anew.
  const StoredContest lost{0, decisions_[0].key, decisions_[0], SampleEvidence(), true};
  EXPECT_THAT((*store)->HasContest(lost), IsOkAndHolds(false));
  EXPECT_THAT((*store)->AddContests({lost}), IsOk());
  EXPECT_THAT((*store)->HasContest(lost), IsOkAndHolds(true));
}

TEST_F(StoreDamageTest, FlippedJobOrItemLeavesTheJobOutAndItCanBePutAgain) {
  for (const char* sql :
       {"UPDATE job SET message = 'x'", "UPDATE job_item SET state = 4", "DELETE FROM job_item"}) {
    Sql(sql);
    auto store = Open();
    ASSERT_THAT(store, IsOk());
    EXPECT_THAT((*store)->LoadJobs(), IsOkAndHolds(IsEmpty())) << sql;
    EXPECT_GE((*store)->Info().damaged_rows, 1u) << sql;
    JobItem item;
    item.key = SampleKey(1);
    item.fingerprint = FingerprintOf(item.key);
    ASSERT_THAT((*store)->PutJob({.id = "j-1", .items = {item}}), IsOk());
    EXPECT_THAT((*store)->LoadJobs(), IsOkAndHolds(SizeIs(1))) << sql;
  }
}

TEST_F(StoreDamageTest, AnyFlippedBitIsRefusedOrLeftOutNeverReturned) {
  constexpr int kFlips = 400;
  const std::string bytes = Contents(file_);
  std::mt19937 random(7);
  int refused = 0;
  int left_out = 0;
  for (int i = 0; i < kFlips; ++i) {
    const size_t at = std::uniform_int_distribution<size_t>(0, bytes.size() - 1)(random);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    Overwrite(file_, damaged);
    auto store = Open();
    if (!store.ok()) {
      ++refused;
      EXPECT_EQ(Contents(file_), damaged) << at;
      continue;
    }
    int missing = 0;
    for (const Decision& expected : decisions_) {
      const auto found = (*store)->FindDecision(expected.id);
      missing += found.ok() ? 0 : 1;
      if (found.ok()) {
        EXPECT_EQ(*found, expected) << at;
      }
      Evidence evidence = SampleEvidence();
      evidence.decision_id = expected.id;
      const auto loaded = (*store)->LoadEvidence(expected.id);
      if (!loaded.ok()) continue;
      // A remark that is damaged is left out; the trials stand without it.
      EXPECT_THAT(loaded->disturbances, IsSubsetOf(evidence.disturbances)) << at;
      evidence.disturbances = loaded->disturbances;
      EXPECT_EQ(*loaded, evidence) << at;
    }
    if (const auto loaded = (*store)->LoadDecisions(); loaded.ok()) {
      for (const Decision& d : *loaded) EXPECT_EQ(d, decisions_[d.id - 1]) << at;
      EXPECT_EQ(loaded->size() + static_cast<size_t>(missing), decisions_.size()) << at;
    }
    left_out += (*store)->Info().damaged_rows > 0 ? 1 : 0;
  }
  EXPECT_GT(refused, 5);
  EXPECT_GT(left_out, 40);
}

// A store that was killed: its log still holds what came after the database was last brought up to
// date.
class StoreLogTest : public StoreDamageTest {
 protected:
  StoreLogTest() {
    std::filesystem::create_directory(dir_ / "killed");
    auto store = Open();
    EXPECT_THAT(store, IsOk());
    for (int i = 0; i < 3; ++i) decisions_.push_back(Put(**store, kKeys + i));
    for (const char* name : {"tactic.db", "tactic.db-wal", "tactic.db.lock"}) {
      std::filesystem::copy(dir_ / name, dir_ / "killed" / name);
    }
  }

  // Puts the killed store in place, with its log cut.
  void Restore(size_t keep_of_log) {
    for (const char* name : {"tactic.db", "tactic.db-wal", "tactic.db.lock"}) {
      Overwrite(dir_ / name, Contents(dir_ / "killed" / name));
    }
    Overwrite(file_.string() + "-wal",
              Contents(dir_ / "killed" / "tactic.db-wal").substr(0, keep_of_log));
  }
  size_t LogSize() const { return std::filesystem::file_size(dir_ / "killed" / "tactic.db-wal"); }
};

TEST_F(StoreLogTest, WholeLogIsTakenIn) {
  Restore(LogSize());
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->Info().store_id, store_id_);
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(decisions_)));
}

TEST_F(StoreLogTest, RemovedLogMakesItANewStoreAtTheOlderRevision) {
  Restore(0);
  std::filesystem::remove(file_.string() + "-wal");
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_NE((*store)->Info().store_id, store_id_);
  EXPECT_EQ((*store)->Info().revision, static_cast<uint64_t>(kKeys));
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(kKeys)));
  EXPECT_THAT(log_, ElementsAre(AllOf(HasSubstr("was at revision 9, is at 6"),
                                      HasSubstr((*store)->Info().store_id))));
  const std::string new_id = (*store)->Info().store_id;
  store->reset();
  EXPECT_EQ((*Open())->Info().store_id, new_id) << "it is renamed once";
}

TEST_F(StoreLogTest, LogCutAnywhereLeavesAPrefixAndALossIsNoticed) {
  for (size_t keep = 0; keep <= LogSize(); keep += LogSize() / 40) {
    Restore(keep);
    auto store = Open();
    ASSERT_THAT(store, IsOk());
    const uint64_t revision = (*store)->Info().revision;
    ASSERT_GE(revision, static_cast<uint64_t>(kKeys));
    EXPECT_EQ((*store)->Info().store_id == store_id_, revision == decisions_.size()) << keep;
    const std::vector<Decision> prefix(decisions_.begin(),
                                       decisions_.begin() + static_cast<ptrdiff_t>(revision));
    EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(Eq(prefix))) << keep;
  }
}

}  // namespace
}  // namespace tactic::testing
