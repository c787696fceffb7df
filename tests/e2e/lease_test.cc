// Leases with real clients that are killed and stopped at each step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <string>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What lease_client said from its start, or from where it was left, to a line.
struct Said {
  std::vector<std::string> lines;
  std::set<std::string> ran;
  std::string last;
};

Said ReadUntil(Process& client, const std::string& beginning) {
  Said said;
  while (const std::optional<std::string> line = client.ReadLine()) {
    said.lines.push_back(*line);
    if (line->starts_with("ran ")) said.ran.insert(line->substr(4));
    if (!line->starts_with(beginning)) continue;
    said.last = *line;
    return said;
  }
  ADD_FAILURE() << "the client ended without saying '" << beginning << "'";
  return said;
}

class LeaseTest : public EndToEnd {
 protected:
  void StartDaemonWithShortLeases() { StartDaemon({"--lease-ttl=1500"}); }
  std::unique_ptr<Process> StartClient(const std::string& name, const std::string& stop) const {
    return std::make_unique<Process>(
        std::vector<std::string>{Program("lease_client"), target(), name, stop});
  }
  // A client that has said that it stopped there.
  std::unique_ptr<Process> StoppedClient(const std::string& name, const std::string& stop) const {
    auto client = StartClient(name, stop);
    ReadUntil(*client, "stopped " + stop);
    return client;
  }
  // Of the tactic with this step, in the evidence of the only decision.
  Json TrialOf(int step) const {
    const Json shown = CtlJson({"show", "1"});
    for (const Json& trial : shown["evidence"]["trials"]) {
      if (trial["tactic"].value("step", 1) == step) return trial;
    }
    ADD_FAILURE() << "no trial of step " << step << " in " << shown;
    return {};
  }
};

TEST_F(LeaseTest, AnOpThatTheDaemonDoesNotKnowIsTunedByItsOwnProgram) {
  StartDaemonWithShortLeases();
  const auto client = StartClient("only", "none");
  const Said said = ReadUntil(*client, "done ");
  EXPECT_THAT(said.last, StartsWith("done 1 0 1 "));  // Decided, and the table hits decision 1.
  EXPECT_THAT(said.lines, Contains("granted host"));
  EXPECT_EQ(said.ran.size(), 4u);
  EXPECT_EQ(client->Wait().code, 0);
  const Json listed = CtlJson({"list"});
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["problem"]["op"], "copy_row");

  // Decided once and for all, also after a restart.
  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
  StartDaemonWithShortLeases();
  const auto again = StartClient("again", "none");
  const Said second = ReadUntil(*again, "done ");
  EXPECT_THAT(second.last, StartsWith("done 1 0 1 "));
  EXPECT_TRUE(second.ran.empty());
}

// Where the first client is, what is done to it, and what the daemon must make of its candidate.
struct Case {
  const char* stop;
  int signal;
  const char* outcome;  // Of step=2; nullptr: nobody is blamed.
};

class LeaseDeathTest : public LeaseTest, public ::testing::WithParamInterface<Case> {};

TEST_P(LeaseDeathTest, TheNextClientGoesOnAndTheFirstIsRefused) {
  const Case& where = GetParam();
  StartDaemonWithShortLeases();
  const auto first = StoppedClient("first", where.stop);
  const auto second = StartClient("second", "none");
  EXPECT_THAT(ReadUntil(*second, "waiting ").last, HasSubstr("client first holds the key"));
  first->Signal(where.signal);
  const Said said = ReadUntil(*second, "done ");
  EXPECT_THAT(said.last, StartsWith("done 1 0 1 "));
  if (where.outcome == nullptr) {
    EXPECT_THAT(said.ran, Contains("step=2"));
    EXPECT_EQ(TrialOf(2)["detail"], "");
  } else {
    EXPECT_THAT(said.ran, Not(Contains("step=2")));
    EXPECT_EQ(TrialOf(2)["outcome"], where.outcome);
    EXPECT_THAT(TrialOf(2)["detail"].get<std::string>(), HasSubstr("client first"));
  }
  if (where.signal != SIGSTOP) return;
  // The first one wakes up long after its time.
  first->Signal(SIGCONT);
  first->WriteLine("go");
  const Said late = ReadUntil(*first, "done ");
  EXPECT_THAT(late.lines, Contains(AllOf(StartsWith("lost "), HasSubstr("lease.fence: 1 "),
                                         HasSubstr("no sign of life for 1500 ms"))));
  EXPECT_THAT(late.last, StartsWith("done 1 0 1 "));  // The second one's decision.
  EXPECT_EQ(CtlJson({"list"}).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    AtEachStep, LeaseDeathTest,
    ::testing::Values(Case{"granted", SIGKILL, nullptr}, Case{"granted", SIGSTOP, nullptr},
                      Case{"launching", SIGKILL, "crashed"},
                      Case{"launching", SIGSTOP, "timed_out"}, Case{"measured", SIGKILL, nullptr},
                      Case{"measured", SIGSTOP, nullptr}, Case{"deciding", SIGKILL, nullptr},
                      Case{"deciding", SIGSTOP, nullptr}),
    [](const auto& param) {
      return std::string(param.param.stop) +
             (param.param.signal == SIGKILL ? "_killed" : "_stopped");
    });

TEST_F(LeaseTest, WhatTheDeadOneMeasuredIsKept) {
  StartDaemonWithShortLeases();
  const auto first = StoppedClient("first", "deciding");
  first->Signal(SIGKILL);
  first->Wait();
  const auto second = StartClient("second", "none");
  ReadUntil(*second, "done ");
  std::set<int> epochs;
  const Json trial = TrialOf(1);
  for (const Json& sample : trial["samples"]) epochs.insert(sample["epoch"].get<int>());
  EXPECT_EQ(epochs, (std::set<int>{0, 1}));
  EXPECT_EQ(CtlJson({"show", "1"})["evidence"]["worker_restarts"], 1);
}

TEST_F(LeaseTest, AHangLosesTheLeaseAlthoughItsProcessLives) {
  StartDaemonWithShortLeases();
  const auto first = StoppedClient("first", "launching");
  const auto second = StartClient("second", "none");
  // The launch's deadline passes, the first one's library stops renewing, and the lease ends.
  const Said said = ReadUntil(*second, "done ");
  EXPECT_THAT(said.ran, Not(Contains("step=2")));
  EXPECT_EQ(TrialOf(2)["outcome"], "timed_out");
}

TEST_F(LeaseTest, NothingElseIsMeasuredOnTheLaneMeanwhile) {
  StartDaemonWithShortLeases();
  const auto client = StoppedClient("first", "measured");
  const std::string job = TuneDetached("2");
  EXPECT_EQ(CtlJson({"jobs"})[0]["state"], "queued");
  EXPECT_EQ(CtlJson({"info"})["lanes"][0]["leased_to"], "first");
  EXPECT_THAT(Ctl({"info"}).out, HasSubstr(", leased to first"));
  client->WriteLine("go");
  EXPECT_THAT(ReadUntil(*client, "done ").last, StartsWith("done 1 0 "));
  EXPECT_EQ(Ctl({"jobs", "watch", job}).exit.code, 0);
  EXPECT_EQ(CtlJson({"list"}).size(), 2u);
}

TEST_F(LeaseTest, TheExampleBringsItsOwnRunnerAndChoosesFromItsTable) {
  StartDaemonWithShortLeases();
  const Finished first = Execute({Program("own_runner"), target()});
  EXPECT_EQ(first.exit.code, 0) << first.err;
  EXPECT_THAT(first.out,
              AllOf(HasSubstr("5 tuned, 0 failed"), HasSubstr(" 16 rows: hit: row_blocks "),
                    Not(HasSubstr("fallback"))));
  const Finished second = Execute({Program("own_runner"), target()});
  EXPECT_EQ(second.exit.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("0 tuned, 0 failed"));
}

TEST_F(LeaseTest, ARestartOfTheDaemonEndsTheLeaseAndTheClientBeginsAgain) {
  StartDaemonWithShortLeases();
  const auto client = StoppedClient("first", "measured");
  KillDaemon();
  StartDaemonWithShortLeases();
  client->WriteLine("go");
  const Said said = ReadUntil(*client, "done ");
  EXPECT_THAT(said.lines, Contains(StartsWith("lost ")));
  EXPECT_THAT(said.last, StartsWith("done 1 0 1 "));
}

}  // namespace
}  // namespace tactic::e2e
