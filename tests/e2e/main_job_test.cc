// The main job: a daemon tunes, and other processes answer from what it found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::vector<std::string> kTune = {"tune", "gemm", "--m", "1..4", "--n", "64", "--k", "64"};

class MainJobTest : public EndToEnd {
 protected:
  // A client process, asked one thing.
  static std::string Ask(Process& client, const std::string& command) {
    client.WriteLine(command);
    return client.ReadLine().value_or("(ended)");
  }
  static std::string Choose(Process& client, int m) {
    return Ask(client, "choose " + std::to_string(m) + " 64 64");
  }
  std::unique_ptr<Process> StartClient() const {
    return std::make_unique<Process>(std::vector<std::string>{Program("chooser"), target()});
  }
};

TEST_F(MainJobTest, FourProcessesAnswerFromWhatOneTuned) {
  StartDaemon();
  const Json job = CtlJson(kTune);
  EXPECT_EQ(job["state"], "done");
  EXPECT_EQ(job["contests_measured"], 4);
  std::map<int, uint64_t> decisions;  // By m.
  for (const Json& contest : job["contests"]) {
    EXPECT_EQ(contest["state"], "decided");
    EXPECT_GT(contest["candidates"], 1);
    EXPECT_GT(contest["decision"]["pick"]["median_ns"], 0);
    decisions[contest["problem"]["sizes"]["m"]] = contest["decision_id"];
  }
  ASSERT_EQ(decisions.size(), 4u);

  std::vector<std::unique_ptr<Process>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(StartClient());
  for (const auto& client : clients) EXPECT_EQ(Ask(*client, "ready"), "yes");
  for (const auto& [m, id] : decisions) {
    const std::string answer = Choose(*clients[0], m);
    EXPECT_THAT(answer, StartsWith("hit " + std::to_string(id) + " "));
    for (const auto& client : clients) EXPECT_EQ(Choose(*client, m), answer);
  }
  EXPECT_THAT(Choose(*clients[0], 5), StartsWith("miss "));
}

TEST_F(MainJobTest, ASecondRunTunesNothing) {
  StartDaemon();
  const Json first = CtlJson(kTune);
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted ? "after a restart" : "at once");
    if (restarted) {
      EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
      StartDaemon();
    }
    const Json again = CtlJson(kTune);
    EXPECT_EQ(again["contests_measured"], 0);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(again["contests"][i]["already_decided"]);
      EXPECT_EQ(again["contests"][i]["decision"], first["contests"][i]["decision"]);
    }
    EXPECT_THAT(Ctl(kTune).out, HasSubstr("4 of 4 decisions already there: nothing to tune"));
  }
}

TEST_F(MainJobTest, MeasuringAgainKeepsOneStandingDecision) {
  StartDaemon();
  const std::vector<std::string> one = {"tune", "gemm", "--m", "3", "--n", "64", "--k", "64"};
  const Json first = CtlJson(one);
  std::vector<std::string> again = one;
  again.push_back("--again");
  const Json second = CtlJson(again);
  EXPECT_EQ(second["contests_measured"], 1);
  EXPECT_GT(second["contests"][0]["decision_id"], first["contests"][0]["decision_id"]);
  const Json standing = CtlJson({"list"});
  ASSERT_EQ(standing.size(), 1u);
  EXPECT_EQ(standing[0]["id"], second["contests"][0]["decision_id"]);
}

TEST_F(MainJobTest, AnotherOpAndPolicyAreKeysOfTheirOwn) {
  StartDaemon();
  EXPECT_EQ(CtlJson({"tune", "softmax", "--shapes", "rows=8,cols=128"})["state"], "done");
  const std::vector<std::string> gemm = {"tune", "gemm", "--m", "2", "--n", "64", "--k", "64"};
  EXPECT_EQ(CtlJson(gemm)["contests_measured"], 1);
  std::vector<std::string> warm = gemm;
  warm.insert(warm.end(), {"--policy", "warm"});
  EXPECT_EQ(CtlJson(warm)["contests_measured"], 1);
  EXPECT_EQ(CtlJson({"list"}).size(), 3u);
  EXPECT_EQ(CtlJson({"list", "--op", "softmax"}).size(), 1u);
}

TEST_F(MainJobTest, ClientsAnswerWithTheDaemonDeadAndRecover) {
  StartDaemon();
  CtlJson(kTune);
  const auto client = StartClient();
  EXPECT_EQ(Ask(*client, "ready"), "yes");
  const std::string before = Choose(*client, 2);
  EXPECT_THAT(before, StartsWith("hit "));
  KillDaemon();
  EXPECT_EQ(Choose(*client, 2), before);
  EXPECT_THAT(Choose(*client, 6), StartsWith("miss 0 "));

  // What is tuned after the daemon is back reaches the same process.
  StartDaemon();
  EXPECT_EQ(Ask(*client, "tune 6 64 64"), "decided 1");
  EXPECT_THAT(Choose(*client, 6), StartsWith("hit "));
  EXPECT_EQ(Choose(*client, 2), before);
}

TEST_F(MainJobTest, AClientWithoutADaemonAnswersTheFallback) {
  const auto client = StartClient();
  EXPECT_THAT(Choose(*client, 2), StartsWith("miss 0 host_blocked"));
  StartDaemon();
  EXPECT_EQ(Ask(*client, "ready"), "yes");
  EXPECT_EQ(Ask(*client, "tune 2 64 64"), "decided 1");
  EXPECT_THAT(Choose(*client, 2), StartsWith("hit "));
}

}  // namespace
}  // namespace tactic::e2e
