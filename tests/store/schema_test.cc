#include "server/store/schema.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Migrations of a schema that never was: step i makes table t<i>.
Migration MakeTable(const std::string& name) {
  return [name](Db& db) { return db.Exec("CREATE TABLE " + name + "(a)"); };
}
const Migration kFails = [](Db& db) {
  if (absl::Status s = db.Exec("CREATE TABLE half_done(a)"); !s.ok()) return s;
  return absl::InternalError("this step fails");
};

class SchemaTest : public ::testing::Test {
 protected:
  std::unique_ptr<Db> Open(Db::Mode mode = Db::Mode::kExisting) {
    auto db = Db::Open(file_, mode);
    EXPECT_THAT(db, IsOk());
    return db.ok() ? *std::move(db) : nullptr;
  }
  static int64_t Version(Db& db) { return *db.QueryInt("PRAGMA user_version"); }
  static bool HasTable(Db& db, const std::string& name) {
    return *db.QueryInt("SELECT count(*) FROM sqlite_schema WHERE name=?", Row{name}) == 1;
  }

  const TempDir dir_;
  const std::filesystem::path file_ = dir_ / "some.db";
};

TEST_F(SchemaTest, EmptyFileGoesThroughEveryStep) {
  auto db = Open(Db::Mode::kCreate);
  ASSERT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2"), MakeTable("t3")}), IsOk());
  EXPECT_EQ(Version(*db), 3);
  for (const char* table : {"t1", "t2", "t3"}) EXPECT_TRUE(HasTable(*db, table));
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".v0"));
}

TEST_F(SchemaTest, OlderFileTakesTheNewStepsOnlyAndACopyIsKept) {
  auto db = Open(Db::Mode::kCreate);
  ASSERT_THAT(Migrate(*db, {MakeTable("t1")}), IsOk());
  ASSERT_THAT(db->Exec("INSERT INTO t1 VALUES(7)"), IsOk());
  ASSERT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2")}), IsOk());
  EXPECT_EQ(Version(*db), 2);
  EXPECT_EQ(*db->QueryInt("SELECT a FROM t1"), 7);
  auto copy = Db::Open(file_.string() + ".v1", Db::Mode::kExisting);
  ASSERT_THAT(copy, IsOk());
  EXPECT_EQ(Version(**copy), 1);
  EXPECT_EQ(*(*copy)->QueryInt("SELECT a FROM t1"), 7);
  EXPECT_FALSE(HasTable(**copy, "t2"));
}

TEST_F(SchemaTest, CurrentFileIsLeftAlone) {
  auto db = Open(Db::Mode::kCreate);
  ASSERT_THAT(Migrate(*db, {MakeTable("t1")}), IsOk());
  ASSERT_THAT(Migrate(*db, {MakeTable("t1")}), IsOk());
  EXPECT_EQ(Version(*db), 1);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".v1"));
}

TEST_F(SchemaTest, FailingStepLeavesTheVersionBeforeItAndCanBeTriedAgain) {
  auto db = Open(Db::Mode::kCreate);
  EXPECT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2"), kFails}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("this step fails")));
  EXPECT_EQ(Version(*db), 2);
  EXPECT_TRUE(HasTable(*db, "t2"));
  EXPECT_FALSE(HasTable(*db, "half_done"));
  for (int i = 0; i < 2; ++i) {  // The copy is replaced, not in the way.
    EXPECT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2"), kFails}),
                StatusIs(absl::StatusCode::kInternal));
  }
  EXPECT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2"), MakeTable("t3")}), IsOk());
  EXPECT_EQ(Version(*db), 3);
}

TEST_F(SchemaTest, NewerFileIsRefusedNamingBothVersions) {
  auto db = Open(Db::Mode::kCreate);
  ASSERT_THAT(Migrate(*db, {MakeTable("t1"), MakeTable("t2")}), IsOk());
  EXPECT_THAT(Migrate(*db, {MakeTable("t1")}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("schema version 2"), HasSubstr("up to 1"))));
  EXPECT_EQ(Version(*db), 2);
}

TEST_F(SchemaTest, StoreUpgradesItsFileAndKeepsWhatItHolds) {
  Decision before;
  {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    before = **(*store)->PutContest(SampleKey(), SampleDecision(), SampleEvidence());
  }
  SqliteStoreOptions next;
  next.migrations.push_back(
      [](Db& db) { return db.Exec("ALTER TABLE decision ADD COLUMN note TEXT"); });
  {
    auto store = SqliteStore::Open(file_, next);
    ASSERT_THAT(store, IsOk());
    EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(::testing::ElementsAre(before)));
    EXPECT_THAT((*store)->PutContest(SampleKey(1), SampleDecision(1), {}), IsOk());
  }
  EXPECT_THAT(SqliteStore::Open(file_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("schema version 6")));
  EXPECT_TRUE(std::filesystem::exists(file_.string() + ".v5"));
  std::filesystem::rename(file_.string() + ".v5", file_);  // The way back.
  auto store = SqliteStore::Open(file_);
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(::testing::ElementsAre(before)));
}

TEST_F(SchemaTest, DecisionsCannotBeChanged) {
  ASSERT_THAT((*SqliteStore::Open(file_))->PutContest(SampleKey(), SampleDecision(), {}), IsOk());
  auto db = Open();
  EXPECT_THAT(db->Exec("UPDATE decision SET tied = 1"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("decisions are immutable")));
}

TEST_F(SchemaTest, ViewsReadAsPeopleExpect) {
  {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    for (int i = 0; i < 2; ++i) {
      ASSERT_THAT((*store)->PutContest(SampleKey(), SampleDecision(), SampleEvidence()), IsOk());
    }
    ASSERT_THAT((*store)->PutJob({.id = "j-1", .state = JobState::kExpired}), IsOk());
    ASSERT_THAT((*store)->PutBan(BanOf(SampleCandidate(-1).runner)), IsOk());
  }
  {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->AddMisses({{SampleKey(), {{13, 2048}, {2048, 512}}, 7, 1000, 2000},
                                     {SampleKey(5), {{0}}, 1, 1000, 1000}}),
                IsOk());
  }
  auto db = Open();
  const auto miss = db->QueryRow("SELECT op, shapes, count, last_utc, decided FROM misses");
  ASSERT_THAT(miss, IsOk());
  EXPECT_EQ(miss->Text(0), "gemm");
  EXPECT_EQ(miss->Text(1), "[13,2048] [2048,512]");
  EXPECT_EQ(miss->Int(2), 7);
  EXPECT_EQ(miss->Text(3), "1970-01-01 00:00:02");
  EXPECT_EQ(miss->Int(4), 1);
  EXPECT_EQ(*db->QueryInt("SELECT count(*) FROM misses WHERE NOT decided"), 1);
  const auto standing = db->QueryRow(
      "SELECT op, device, runner, tactic, best_us, default_us, speedup, reason, created_utc "
      "FROM standing");
  ASSERT_THAT(standing, IsOk());
  EXPECT_EQ(standing->Text(0), "gemm");
  EXPECT_EQ(standing->Text(1), "A processor");
  EXPECT_EQ(standing->Text(2), "host_blocked");
  EXPECT_EQ(standing->Text(3), SampleCandidate(2).tactic.ToText());
  EXPECT_EQ(standing->Real(4), 1);
  EXPECT_EQ(standing->Real(5), 2);
  EXPECT_EQ(standing->Real(6), 2);
  EXPECT_EQ(standing->Text(7), "tie");
  EXPECT_EQ(standing->Text(8), "2023-11-14 22:13:20");
  EXPECT_EQ(*db->QueryInt("SELECT count(*) FROM standing"), 1);
  EXPECT_EQ(*db->QueryInt("SELECT count(*) FROM decisions"), 2);
  EXPECT_EQ(db->QueryRow("SELECT state FROM jobs")->Text(0), "expired");
  const auto ban = db->QueryRow("SELECT runner, tactic, op, reason, banned_utc FROM bans");
  ASSERT_THAT(ban, IsOk());
  EXPECT_EQ(ban->Text(0), "openblas");
  EXPECT_EQ(ban->Text(1), "every");
  EXPECT_EQ(ban->Text(2), "every");
  EXPECT_EQ(ban->Text(3), "wrong results");
  EXPECT_EQ(ban->Text(4), "2023-11-14 22:13:20");
}

// The views spell out the numbers' names, which the model owns.
TEST_F(SchemaTest, ViewsUseTheModelsNames) {
  {
    auto store = SqliteStore::Open(file_);
    ASSERT_THAT(store, IsOk());
    for (int reason = 1; reason <= static_cast<int>(Reason::kBudget); ++reason) {
      Decision decision = SampleDecision(reason);
      decision.reason = static_cast<Reason>(reason);
      ASSERT_THAT((*store)->PutContest(decision.key, decision, SampleEvidence()), IsOk());
    }
  }
  auto db = Open();
  for (int reason = 1; reason <= static_cast<int>(Reason::kBudget); ++reason) {
    EXPECT_EQ(db->QueryRow("SELECT reason FROM decisions WHERE revision=?", Row{int64_t{reason}})
                  ->Text(0),
              Name(static_cast<Reason>(reason)));
  }
  const Evidence evidence = SampleEvidence();  // Every outcome.
  for (size_t i = 0; i < evidence.trials.size(); ++i) {
    EXPECT_EQ(db->QueryRow("SELECT outcome FROM trials WHERE decision=1 AND position=?",
                           Row{static_cast<int64_t>(i)})
                  ->Text(0),
              Name(evidence.trials[i].outcome));
  }
}

}  // namespace
}  // namespace tactic::testing
