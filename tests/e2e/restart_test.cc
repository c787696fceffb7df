// The daemon is killed and stopped while it works: what it acknowledged stays, what it had not
// finished goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <set>
#include <sstream>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

class RestartTest : public EndToEnd {
 protected:
  // Follows a job until it ended or `lines` states of it were seen; the last one seen.
  Json Follow(const std::string& job, int lines) {
    Process watch(CtlArguments({"jobs", "watch", job, "--json"}));
    Json last;
    for (int i = 0; i < lines; ++i) {
      const auto line = watch.ReadLine();
      if (!line) break;
      last = Json::parse(*line);
    }
    return last;
  }
};

TEST_F(RestartTest, KilledAtRandomPointsLosesNothingAndGoesOn) {
  constexpr int kKills = 8;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  StartDaemon();
  const std::string job = TuneDetached("1..24");
  std::vector<Json> acknowledged;
  int killed_in_flight = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    // A state of the job was acknowledged when it was seen: so are the decisions it names.
    const int states = std::uniform_int_distribution(1, 12)(random);
    const Json followed = Follow(job, states);
    for (const Json& contest : followed["contests"]) {
      if (contest["state"] != "decided") continue;
      acknowledged.push_back(CtlJson({"show", std::to_string(contest["decision_id"].get<int>())}));
    }
    KillDaemon();
    StartDaemon();
    killed_in_flight += CtlJson({"jobs"})[0]["state"] == "done" ? 0 : 1;
    const Json standing = CtlJson({"list"});
    for (const Json& decision : acknowledged) {
      EXPECT_EQ(CtlJson({"show", std::to_string(decision["id"].get<int>())}), decision);
    }
    EXPECT_GE(standing.size(), std::set<Json>(acknowledged.begin(), acknowledged.end()).size());
  }
  EXPECT_GT(killed_in_flight, 0);
  const Finished rest = Ctl({"jobs", "watch", job});
  EXPECT_EQ(rest.exit.code, 0) << rest.out << rest.err;
  EXPECT_EQ(CtlJson({"list"}).size(), 24u);
  for (const Json& listed : CtlJson({"jobs"})) EXPECT_EQ(listed["state"], "done");
}

TEST_F(RestartTest, FollowersOutliveTheDaemon) {
  StartDaemon();
  const std::string job = TuneDetached("1..6");
  Process watch(CtlArguments({"jobs", "watch", job, "--json"}));
  ASSERT_TRUE(watch.ReadLine().has_value());
  KillDaemon();
  StartDaemon();
  const Finished finished = watch.RunToEnd();
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  const size_t last = finished.out.find_last_of('\n', finished.out.size() - 2);
  EXPECT_EQ(Json::parse(finished.out.substr(last + 1))["contests_ended"], 6);
}

TEST_F(RestartTest, WorkersEndWithTheDaemon) {
  StartDaemon();
  const std::string job = TuneDetached("1..6");
  Follow(job, 3);
  const std::vector<pid_t> workers = ChildrenOf(daemon().pid());
  ASSERT_FALSE(workers.empty());
  std::vector<Fd> watched;
  for (const pid_t worker : workers) watched.push_back(WatchPid(worker));
  KillDaemon();
  for (const Fd& worker : watched) EXPECT_TRUE(WaitReadable(worker.get()));
}

TEST_F(RestartTest, TerminatedWhileTuningStopsCleanlyAndResumes) {
  StartDaemon();
  const std::string job = TuneDetached("1..8");
  Follow(job, 3);
  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
  EXPECT_EQ(Ctl({"info", "--timeout=2s"}).exit.code, 3);
  StartDaemon();
  EXPECT_EQ(Ctl({"jobs", "watch", job}).exit.code, 0);
  EXPECT_EQ(CtlJson({"list"}).size(), 8u);
}

TEST_F(RestartTest, AWatcherSeesEveryDecisionOverARestart) {
  StartDaemon();
  Process watch(CtlArguments({"watch", "--standing", "--json", "--count", "4"}));
  const std::string job = TuneDetached("1..4");
  Follow(job, 4);
  KillDaemon();
  StartDaemon();
  const Finished finished = watch.RunToEnd();
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  std::set<int> seen;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(seen.insert(Json::parse(line)["id"].get<int>()).second) << "twice: " << line;
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(RestartTest, ACancelledJobStaysCancelled) {
  StartDaemon();
  const std::string job = TuneDetached("1..12");
  EXPECT_EQ(CtlJson({"jobs", "cancel", job})["state"], "cancelled");
  KillDaemon();
  StartDaemon();
  EXPECT_EQ(CtlJson({"jobs"})[0]["state"], "cancelled");
  EXPECT_EQ(Ctl({"jobs", "watch", job}).exit.code, 5);
}

}  // namespace
}  // namespace tactic::e2e
