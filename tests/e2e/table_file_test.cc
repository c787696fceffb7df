// The table file between real processes: the daemon that keeps it, tacticctl that keeps one
// elsewhere, and programs that choose from it, whatever becomes of those two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <string>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TableFileTest : public EndToEnd {
 protected:
  std::string table() const { return directory() / "d.table"; }

  // Of n = k = 64; waits for the decision.
  void Tune(int m) {
    CtlJson({"tune", "gemm", "--m", std::to_string(m), "--n", "64", "--k", "64"});
  }
  static std::string Ask(Process& reader, const std::string& command) {
    reader.WriteLine(command);
    return reader.ReadLine().value_or("nothing");
  }
  static std::string Choose(Process& reader, int m) {
    return Ask(reader, "choose " + std::to_string(m) + " 64 64");
  }
  Json TableJson(const std::string& path, int exit_code = 0) {
    return CtlJson({"table", path}, exit_code);
  }
};

TEST_F(TableFileTest, ProgramsChooseFromTheFileOfTheDaemon) {
  Process reader({Program("table_reader"), table()});
  EXPECT_EQ(Choose(reader, 8), "miss");
  StartDaemon();
  Tune(8);
  ASSERT_EQ(Ask(reader, "wait 1"), "yes");
  EXPECT_EQ(Choose(reader, 8), "hit 1");
  const Json said = TableJson(table());
  EXPECT_EQ(said["revision"], 1);
  EXPECT_EQ(said["decisions"], 1);
  EXPECT_EQ(said["of_this_host"], true);
  EXPECT_EQ(said["store_id"], CtlJson({"info"})["store_id"]);
  ASSERT_EQ(said["ops"].size(), 1u);
  EXPECT_EQ(said["ops"][0]["op"], "gemm");

  Tune(16);  // A new generation is noticed.
  ASSERT_EQ(Ask(reader, "wait 2"), "yes");
  EXPECT_EQ(Choose(reader, 16), "hit 2");

  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
  EXPECT_EQ(Choose(reader, 8), "hit 1");
  Process later({Program("table_reader"), table()});  // A warm start with no daemon.
  EXPECT_EQ(Choose(later, 16), "hit 2");
}

TEST_F(TableFileTest, KilledAtRandomPointsTheFileIsWholeAndReadersGoOn) {
  constexpr int kKills = 6;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  StartDaemon();
  Tune(8);
  Process reader({Program("table_reader"), table()});
  ASSERT_EQ(Ask(reader, "wait 1"), "yes");
  ASSERT_EQ(Ask(reader, "start 8 64 64"), "started");
  const std::string job = TuneDetached("16..40");
  uint64_t revision = 1;
  for (int kill = 0; kill < kKills; ++kill) {
    // Some states of the job later: anywhere between two files.
    Process watch(CtlArguments({"jobs", "watch", job, "--json"}));
    const int states = std::uniform_int_distribution(1, 8)(random);
    for (int i = 0; i < states && watch.ReadLine(); ++i) {
    }
    KillDaemon();
    const Json said = TableJson(table());
    EXPECT_GE(said["revision"].get<uint64_t>(), revision);
    revision = said["revision"].get<uint64_t>();
    StartDaemon();
  }
  Tune(48);
  const uint64_t last = CtlJson({"info"})["revision"].get<uint64_t>();
  EXPECT_EQ(Ask(reader, "wait " + std::to_string(last)), "yes");
  EXPECT_THAT(Ask(reader, "stop"), EndsWith(" calls, 0 misses"));
  EXPECT_THAT(Choose(reader, 48), StartsWith("hit "));
}

TEST_F(TableFileTest, TheFlagSaysWhereOrNotAtAll) {
  StartDaemon({"--table-file=none"});
  Tune(8);
  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
  EXPECT_FALSE(std::filesystem::exists(table()));
  const std::string elsewhere = directory() / "elsewhere.table";
  StartDaemon({"--table-file=" + elsewhere});
  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);  // What is to be written is written first.
  EXPECT_EQ(TableJson(elsewhere)["decisions"], 1);
  EXPECT_FALSE(std::filesystem::exists(table()));
}

TEST_F(TableFileTest, AFileThatCannotBeKeptIsRefusedIfItWasNamed) {
  std::vector<std::string> arguments = DaemonArguments();
  arguments.push_back("--table-file=" + (directory() / "no/such/d.table").string());
  const Finished refused = Execute(arguments);
  EXPECT_EQ(refused.exit.code, kDaemonCannotCreate);
  EXPECT_THAT(refused.err, HasSubstr("--table-file: "));
  std::filesystem::create_directory(table() + ".lock");  // In the way of the one nobody named.
  StartDaemon();
  Tune(8);
  EXPECT_FALSE(std::filesystem::exists(table()));
}

TEST_F(TableFileTest, FollowKeepsAFileOnAHostWithoutADaemon) {
  const std::string file = directory() / "followed.table";
  StartDaemon();
  Tune(8);
  Process follow(CtlArguments({"follow", file}));
  Process reader({Program("table_reader"), file});
  ASSERT_EQ(Ask(reader, "wait 1"), "yes");
  EXPECT_EQ(Choose(reader, 8), "hit 1");
  const Finished second = Ctl({"follow", "--once", file});
  EXPECT_EQ(second.exit.code, 1);
  EXPECT_THAT(second.err, HasSubstr("another process keeps this table file"));
  KillDaemon();
  EXPECT_EQ(Choose(reader, 8), "hit 1");
  StartDaemon();
  Tune(16);
  ASSERT_EQ(Ask(reader, "wait 2"), "yes");
  EXPECT_EQ(Choose(reader, 16), "hit 2");
  follow.Signal(SIGTERM);
  EXPECT_EQ(follow.Wait().code, 0);
  EXPECT_EQ(TableJson(file)["store_id"], TableJson(table())["store_id"]);
}

TEST_F(TableFileTest, FollowOnceWritesWhatStands) {
  const std::string file = directory() / "once.table";
  EXPECT_EQ(Ctl({"follow", "--once", file}).exit.code, 3);  // No daemon.
  StartDaemon();
  EXPECT_EQ(Ctl({"follow", "--once", file}).exit.code, 0);
  EXPECT_EQ(TableJson(file)["decisions"], 0);
  Tune(8);
  EXPECT_EQ(Ctl({"follow", "--once", file}).exit.code, 0);
  EXPECT_EQ(TableJson(file)["decisions"], 1);
}

TEST_F(TableFileTest, TableTellsWhatIsNoGoodFile) {
  const std::string file = directory() / "x.table";
  EXPECT_EQ(Ctl({"table", file}).exit.code, 4);
  StartDaemon();
  Tune(8);
  ASSERT_EQ(Ctl({"follow", "--once", file}).exit.code, 0);
  const Finished good = Ctl({"table", file});
  EXPECT_EQ(good.exit.code, 0);
  EXPECT_THAT(good.out, HasSubstr("state      good"));
  EXPECT_THAT(good.out, HasSubstr("gemm"));
  std::string bytes = ReadFile(file);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(file, bytes);
  const Finished damaged = Ctl({"table", file});
  EXPECT_EQ(damaged.exit.code, 1);
  EXPECT_THAT(damaged.err, HasSubstr("damaged"));
}

}  // namespace
}  // namespace tactic::e2e
