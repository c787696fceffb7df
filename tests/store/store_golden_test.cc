// Each version opens for ever: a database that its program wrote is kept as SQL text and read back.
// The files are never made again; a later schema version gets a file of its own beside them.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kStoreId[] = "ca5d0514-12e9-470b-aa08-611de6b58c19";

// Written out here, so that nothing but this file and the dump say what was stored.
Key GoldenKey(int64_t m) {
  Key key;
  key.problem.op = "gemm";
  key.problem.attributes = {
      {"alpha", 0.5}, {"bias", true}, {"epilogue", std::string("relu")}, {"split", int64_t{-3}}};
  key.problem.inputs = {
      {DType::kBF16, Layout::kRowMajor, {Dim::Dynamic(1, m, 4096), Dim::Static(64)}},
      {DType::kBF16, Layout::kColMajor, {Dim::Static(64), Dim::Derived(128)}},
      {DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}}};
  key.policy = {CacheState::kAllCold, LaunchMode::kGraph, Validation::kNone, 1500};
  key.environment = {{DeviceKind::kCuda, "sm_90", 132, uint64_t{60} << 20, "1g.18gb",
                      "NVIDIA H200 \xc3\xa9", uint64_t{141} << 30},
                     "560.35",
                     "12.6",
                     {{"cublaslt", "12.6.3"}, {"runner:tiled", "2"}}};
  return key;
}

Candidate Tuned() {
  return {{"tiled", "2"}, {{"stages", int64_t{3}}, {"tile", std::string("128x64")}}};
}
Candidate Default() { return {{"cublaslt", "12.6.3"}, {}}; }

Decision GoldenDecision(uint64_t id, int64_t m, Reason reason) {
  Decision d;
  d.id = d.revision = id;
  d.key = GoldenKey(m);
  d.ranking = {{Tuned(), 12345.5, 12000.25, 12700}, {Default(), 23456, 23000, 24000.75}};
  d.default_ns = 23456;
  d.reason = reason;
  d.tied = 3;
  d.created_unix_ms = 1'718'000'000'123;
  return d;
}

Evidence GoldenEvidence(uint64_t decision_id) {
  Evidence e;
  e.decision_id = decision_id;
  e.trials = {{Tuned(), Outcome::kMeasured, "", 12345.5, {{0, 0, 12345.5f}, {1, 7, 12400.25f}}},
              {Default(), Outcome::kEliminated, "", 23456, {{0, 0, 23456.0f}}},
              {{{"tiled", "2"}, {{"stages", int64_t{9}}}},
               Outcome::kOutOfMemory,
               "shared memory: 300 KiB asked, 227 KiB there",
               0,
               {}}};
  e.worker_restarts = 1;
  e.seconds = 2.75;
  return e;
}

Job GoldenJob() {
  Job job;
  job.id = "j-12";
  job.request_id = "r-1";
  job.client = "trainer";
  job.state = JobState::kRunning;
  job.message = "two of three";
  job.created_unix_ms = 1'718'000'000'000;
  job.deadline_unix_ms = 1'718'000'300'000;
  job.runners = {"tiled", "cublaslt"};
  job.again = true;
  JobItem decided;
  decided.key = GoldenKey(16);
  decided.fingerprint = FingerprintOf(decided.key);
  decided.state = ContestState::kDecided;
  decided.decision_id = 3;
  decided.already_decided = true;
  JobItem failed = decided;
  failed.key = GoldenKey(64);
  failed.fingerprint = FingerprintOf(failed.key);
  failed.state = ContestState::kFailed;
  failed.decision_id = 0;
  failed.already_decided = false;
  failed.message = "no valid candidate";
  job.items = {decided, failed};
  return job;
}

// What version 2 added: reported misses. Beside them it holds a tactic with nested values.
std::vector<MissedCall> GoldenMisses() {
  return {{GoldenKey(64), {{33, 64}, {64, 128}, {0}}, 1, 1'718'000'500'000, 1'718'000'500'000},
          {GoldenKey(16), {{13, 64}, {64, 128}, {0}}, 5, 1'718'000'000'000, 1'718'000'400'000}};
}

Decision NestedDecision() {
  Decision d = GoldenDecision(4, 128, Reason::kOnly);
  d.ranking = {{{{"tiled", "2"},
                 {{"tile", ValueList{{int64_t{128}, int64_t{64}}}},
                  {"epilogue", Parameters{{"bias", true}, {"scale", 0.5}}}}},
                12345.5,
                12000.25,
                12700}};
  return d;
}

std::filesystem::path Build(const std::filesystem::path& dir, const std::string& dump) {
  std::ifstream in(std::filesystem::path(TACTIC_TEST_DATA) / dump);
  const std::string sql(std::istreambuf_iterator<char>(in), {});
  const std::filesystem::path file = dir / "tactic.db";
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
  return file;
}

// What both versions hold.
void ExpectFirstContent(SqliteStore& store) {
  const Decision superseded = GoldenDecision(1, 16, Reason::kTie);
  const Decision other = GoldenDecision(2, 32, Reason::kClear);
  const Decision standing = GoldenDecision(3, 16, Reason::kIncumbent);
  EXPECT_THAT(store.FindDecision(2), IsOkAndHolds(Eq(other)));
  EXPECT_THAT(store.FindDecision(3), IsOkAndHolds(Eq(standing)));
  EXPECT_THAT(store.FindDecision(1), IsOkAndHolds(Eq(superseded)));
  for (const uint64_t id : {1, 2, 3}) {
    EXPECT_THAT(store.LoadEvidence(id), IsOkAndHolds(Eq(GoldenEvidence(id))));
  }
  const auto jobs = store.LoadJobs();
  ASSERT_THAT(jobs, IsOkAndHolds(SizeIs(1)));
  const Job& job = jobs->front();
  const Job expected = GoldenJob();
  EXPECT_EQ(job.id, expected.id);
  EXPECT_EQ(job.request_id, expected.request_id);
  EXPECT_EQ(job.client, expected.client);
  EXPECT_EQ(job.state, expected.state);
  EXPECT_EQ(job.message, expected.message);
  EXPECT_EQ(job.created_unix_ms, expected.created_unix_ms);
  EXPECT_EQ(job.deadline_unix_ms, expected.deadline_unix_ms);
  EXPECT_EQ(job.ended_unix_ms, 0);
  EXPECT_EQ(job.runners, expected.runners);
  EXPECT_TRUE(job.again);
  ASSERT_EQ(job.items.size(), expected.items.size());
  for (size_t i = 0; i < job.items.size(); ++i) {
    EXPECT_EQ(job.items[i].key, expected.items[i].key);
    EXPECT_EQ(job.items[i].fingerprint, expected.items[i].fingerprint);
    EXPECT_EQ(job.items[i].state, expected.items[i].state);
    EXPECT_EQ(job.items[i].decision_id, expected.items[i].decision_id);
    EXPECT_EQ(job.items[i].already_decided, expected.items[i].already_decided);
    EXPECT_EQ(job.items[i].message, expected.items[i].message);
  }
}

TEST(StoreGoldenTest, VersionOneOpensWithEverythingInIt) {
  const TempDir dir;
  std::string log;
  SqliteStoreOptions options;
  options.log = [&log](const std::string& message) { log += message; };
  auto opened = SqliteStore::Open(Build(dir.path(), "store_v1.sql"), options);
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.Info().store_id, kStoreId);
  EXPECT_EQ(store.Info().revision, 3u);
  ExpectFirstContent(store);
  EXPECT_THAT(store.LoadDecisions(), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(store.LoadMisses(), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(store.Info().damaged_rows, 0u);
  EXPECT_THAT(log, IsEmpty());
}

// What version 2 and those after it hold.
void ExpectSecondContent(const std::string& dump) {
  const TempDir dir;
  std::string log;
  SqliteStoreOptions options;
  options.log = [&log](const std::string& message) { log += message; };
  auto opened = SqliteStore::Open(Build(dir.path(), dump), options);
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.Info().store_id, kStoreId);
  EXPECT_EQ(store.Info().revision, 4u);
  ExpectFirstContent(store);
  EXPECT_THAT(store.FindDecision(4), IsOkAndHolds(Eq(NestedDecision())));
  EXPECT_THAT(store.LoadDecisions(), IsOkAndHolds(SizeIs(3)));
  EXPECT_THAT(store.LoadMisses(), IsOkAndHolds(Eq(GoldenMisses())));
  EXPECT_EQ(store.Info().damaged_rows, 0u);
  EXPECT_THAT(log, IsEmpty());
}

TEST(StoreGoldenTest, VersionTwoOpensWithEverythingInIt) { ExpectSecondContent("store_v2.sql"); }

TEST(StoreGoldenTest, VersionThreeOpensWithEverythingInIt) { ExpectSecondContent("store_v3.sql"); }

// What version 4 added: what disturbed a contest, and what verifying has found.
TEST(StoreGoldenTest, VersionFourOpensWithEverythingInIt) {
  const TempDir dir;
  auto opened = SqliteStore::Open(Build(dir.path(), "store_v4.sql"), {});
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.Info().revision, 5u);
  EXPECT_THAT(store.FindDecision(4), IsOkAndHolds(Eq(NestedDecision())));
  EXPECT_THAT(store.LoadMisses(), IsOkAndHolds(Eq(GoldenMisses())));
  Evidence evidence = GoldenEvidence(5);
  evidence.disturbances = {{"another process computes on this GPU", 0, 0, 0},
                           {"the SM clock was at 1200 MHz", 24, 1, 7}};
  EXPECT_THAT(store.LoadEvidence(5), IsOkAndHolds(Eq(evidence)));
  const auto jobs = store.LoadJobs();
  ASSERT_THAT(jobs, IsOkAndHolds(SizeIs(2)));
  EXPECT_FALSE((*jobs)[0].verify);
  const Job& job = (*jobs)[1];
  EXPECT_TRUE(job.verify);
  EXPECT_FALSE(job.again);
  EXPECT_EQ(job.items[0].verification, (Verification{3, 0.02, 0.005, 0.001, false, false}));
  EXPECT_EQ(job.items[1].verification, (Verification{2, 0, 0, 0, true, true}));
  EXPECT_EQ(store.Info().damaged_rows, 0u);
}

// What version 5 added: bans.
TEST(StoreGoldenTest, VersionFiveOpensWithEverythingInIt) {
  const Ban one = {Tuned().runner, Tuned().tactic,   "gemm", "wrong results at m = 16",
                   "operator",     1'718'000'600'000};
  const Ban all = {Default().runner, std::nullopt, "", "hangs since the driver's update", "",
                   1'718'000'700'000};
  const TempDir dir;
  auto opened = SqliteStore::Open(Build(dir.path(), "store_v5.sql"), {});
  ASSERT_THAT(opened, IsOk());
  SqliteStore& store = **opened;
  EXPECT_EQ(store.Info().revision, 5u);
  uint64_t damaged = 0;
  EXPECT_THAT(store.LoadBans(damaged), IsOkAndHolds(ElementsAre(one, all)));
  EXPECT_EQ(damaged, 0u);
  EXPECT_THAT(store.FindDecision(4), IsOkAndHolds(Eq(NestedDecision())));
  EXPECT_THAT(store.LoadMisses(), IsOkAndHolds(Eq(GoldenMisses())));
  EXPECT_THAT(store.LoadJobs(), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(store.LoadEvidence(5),
              IsOkAndHolds(::testing::Field(&Evidence::disturbances, SizeIs(2))));
  EXPECT_EQ(store.Info().damaged_rows, 0u);
}

TEST(StoreGoldenTest, VersionOneCanBeWrittenTo) {
  const TempDir dir;
  auto store = SqliteStore::Open(Build(dir.path(), "store_v1.sql"));
  ASSERT_THAT(store, IsOk());
  const auto stored =
      (*store)->PutContest(GoldenKey(16), GoldenDecision(0, 16, Reason::kOnly), GoldenEvidence(0));
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(**stored, GoldenDecision(4, 16, Reason::kOnly));
  ASSERT_THAT((*store)->UpdateJobItem(GoldenJob(), 1), IsOk());
  ASSERT_THAT((*store)->AddMisses(GoldenMisses()), IsOk());
  EXPECT_THAT((*store)->LoadMisses(), IsOkAndHolds(Eq(GoldenMisses())));
  ASSERT_THAT((*store)->PutBan({.runner = {"tiled", "2"}, .reason = "slow"}), IsOk());
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(SizeIs(2)));
}

}  // namespace
}  // namespace tactic::testing
