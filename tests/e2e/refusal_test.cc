// What tacticd refuses to start with: exit code, message, and nothing overwritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RefusalTest : public EndToEnd {
 protected:
  // A database with a decision in it, its daemon stopped.
  void MakeDatabase() {
    StartDaemon();
    CtlJson({"tune", "gemm", "--m", "2", "--n", "64", "--k", "64"});
    ASSERT_EQ(TerminateDaemon().code, kDaemonOk);
  }
};

TEST_F(RefusalTest, ASecondDaemonOnTheSameState) {
  StartDaemon();
  const Finished second = RunDaemonToEnd();
  EXPECT_EQ(second.exit.code, kDaemonAlreadyRuns);
  EXPECT_THAT(second.err, HasSubstr(directory().path().string()));
  EXPECT_EQ(Ctl({"info"}).exit.code, 0);  // The first one is not disturbed.
}

TEST_F(RefusalTest, ADamagedDatabase) {
  MakeDatabase();
  std::string bytes = ReadFile(database());
  bytes.replace(0, 64, std::string(64, 'x'));  // The header.
  WriteFile(database(), bytes);
  const Finished refused = RunDaemonToEnd();
  EXPECT_EQ(refused.exit.code, kDaemonDamaged);
  EXPECT_THAT(refused.err, HasSubstr(database().string()));
  EXPECT_EQ(ReadFile(database()), bytes);
}

TEST_F(RefusalTest, ADatabaseOfANewerVersion) {
  MakeDatabase();
  std::string bytes = ReadFile(database());
  bytes.replace(60, 4, std::string("\0\0\x27\x0f", 4));  // SQLite's user_version: 9999.
  WriteFile(database(), bytes);
  const Finished refused = RunDaemonToEnd();
  EXPECT_EQ(refused.exit.code, kDaemonConfig);
  EXPECT_THAT(refused.err, HasSubstr("9999"));
  EXPECT_EQ(ReadFile(database()), bytes);
}

TEST_F(RefusalTest, AStateDirectoryThatCannotBe) {
  WriteFile(state_dir(), "a file");
  const Finished refused = RunDaemonToEnd();
  EXPECT_EQ(refused.exit.code, kDaemonCannotCreate);
  EXPECT_THAT(refused.err, HasSubstr(state_dir().string()));
  EXPECT_EQ(ReadFile(state_dir()), "a file");
}

TEST_F(RefusalTest, FlagsThatItDoesNotKnow) {
  const Finished refused = Execute({Program("tacticd"), "--listne=unix:/x"});
  EXPECT_EQ(refused.exit.code, kDaemonUsage);
  EXPECT_THAT(refused.err, HasSubstr("listne"));
}

TEST_F(RefusalTest, AConfigurationFileThatIsWrong) {
  WriteFile(directory() / "config", "no such setting here\n");
  std::vector<std::string> arguments = DaemonArguments();
  arguments.push_back("--config=" + (directory() / "config").string());
  const Finished refused = Execute(arguments);
  EXPECT_EQ(refused.exit.code, kDaemonConfig);
  EXPECT_THAT(refused.err, HasSubstr((directory() / "config").string()));
}

// No reason not to start: what is decided already can be read.
TEST_F(RefusalTest, AWorkerThatCannotWorkIsReportedWhileReadsGoOn) {
  MakeDatabase();
  StartDaemon({"--worker=/bin/false"});
  EXPECT_EQ(CtlJson({"list"}).size(), 1u);
  const Json lane = CtlJson({"info"})["lanes"][0];
  EXPECT_EQ(lane["state"], "quarantined");
  EXPECT_THAT(lane["message"].get<std::string>(), HasSubstr("/bin/false"));
  const Finished tune = Ctl({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});
  EXPECT_EQ(tune.exit.code, 1);
  EXPECT_THAT(tune.err, AllOf(HasSubstr("lane host is quarantined"), HasSubstr("/bin/false")));
}

}  // namespace
}  // namespace tactic::e2e
