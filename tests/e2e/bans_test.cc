// A ban between real processes: from the command line to what programs run, over a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BansTest : public EndToEnd {
 protected:
  // Decides gemm of m = 8, n = k = 64: `winner_` and `runner_up_`, of two runners.
  void Decide() {
    CtlJson({"tune", "gemm", "--m", "8", "--n", "64", "--k", "64"});
    const Json decision = Lookup();
    ASSERT_EQ(decision["ranking"].size(), 2u) << "two runners are needed to see the second one";
    winner_ = decision["ranking"][0];
    runner_up_ = decision["ranking"][1];
  }
  Json Lookup(int exit_code = 0) {
    return CtlJson({"lookup", "gemm", "--m", "8", "--n", "64", "--k", "64"}, exit_code);
  }
  static std::string Name(const Json& candidate) { return candidate["runner"]; }
  static std::string NameAndId(const Json& candidate) {
    return Name(candidate) + "@" + candidate["runner_id"].get<std::string>();
  }
  void BanRunner(const Json& candidate) {
    CtlJson({"ban", "--runner", Name(candidate), "--reason", "wrong results"});
  }
  static std::string Ask(Process& program, const std::string& command) {
    program.WriteLine(command);
    return program.ReadLine().value_or("nothing");
  }
  static std::string Choose(Process& program) { return Ask(program, "choose 8 64 64"); }
  // Asks until the answer begins so; whether it ever does.
  static bool Comes(Process& program, const std::string& begin) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      if (Choose(program).starts_with(begin)) return true;
    }
    return false;
  }

  Json winner_;
  Json runner_up_;
};

TEST_F(BansTest, AProgramGoesOnWithTheRunnerUpUntilTheBanIsLifted) {
  StartDaemon();
  Decide();
  Process chooser({Program("chooser"), target()});
  ASSERT_EQ(Ask(chooser, "ready"), "yes");
  ASSERT_THAT(Choose(chooser), StartsWith("hit 1 " + Name(winner_)));
  const std::vector<std::string> what = {"--runner", NameAndId(winner_), "--op",
                                         "gemm",     "--tactic",         winner_["tactic"].dump()};
  std::vector<std::string> ban = {"ban", "--reason", "wrong results"};
  ban.insert(ban.end(), what.begin(), what.end());
  EXPECT_EQ(CtlJson(ban)["replaced"], false);
  EXPECT_TRUE(Comes(chooser, "hit 1 " + Name(runner_up_)));
  EXPECT_EQ(Lookup()["pick"], runner_up_);
  const Json shown = CtlJson({"show", "1"});
  EXPECT_EQ(shown["pick"], winner_) << "a decision is as it was made";
  EXPECT_EQ(shown["banned"], Json::array({0}));
  EXPECT_THAT(Ctl({"show", "1"}).out, HasSubstr("banned   " + Name(winner_)));

  KillDaemon();
  EXPECT_THAT(Choose(chooser), StartsWith("hit 1 " + Name(runner_up_)));
  StartDaemon();
  const Json held = CtlJson({"bans"});
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0]["tactic"], winner_["tactic"]);
  EXPECT_EQ(held[0]["reason"], "wrong results");
  // Who comes now has the bans before anything else.
  Process later({Program("chooser"), target()});
  ASSERT_EQ(Ask(later, "ready"), "yes");
  EXPECT_THAT(Choose(later), StartsWith("hit 1 " + Name(runner_up_)));

  std::vector<std::string> unban = {"unban"};
  unban.insert(unban.end(), what.begin(), what.end());
  EXPECT_EQ(CtlJson(unban)["removed"], true);
  EXPECT_TRUE(Comes(chooser, "hit 1 " + Name(winner_)));
  EXPECT_EQ(CtlJson(unban, 4)["removed"], false);
}

TEST_F(BansTest, WhatIsBannedIsNotMeasured) {
  StartDaemon();
  Decide();
  BanRunner(winner_);
  CtlJson({"tune", "gemm", "--m", "8", "--n", "64", "--k", "64", "--again"});
  const Json decision = CtlJson({"show", "2"});
  EXPECT_EQ(Name(decision["pick"]), Name(runner_up_));
  int banned = 0;
  for (const Json& trial : decision["evidence"]["trials"]) {
    if (trial["runner"] != Name(winner_)) continue;
    EXPECT_EQ(trial["outcome"], "rejected");
    EXPECT_EQ(trial["detail"], "banned: wrong results");
    ++banned;
  }
  EXPECT_GT(banned, 0);
}

TEST_F(BansTest, WhereNothingIsLeftItIsMeasuredAnew) {
  StartDaemon();
  Decide();
  BanRunner(winner_);
  BanRunner(runner_up_);
  EXPECT_EQ(Lookup(4), nullptr);
  const Json none =
      CtlJson({"tune", "gemm", "--m", "8", "--n", "64", "--k", "64"}, 5)["contests"][0];
  EXPECT_EQ(none["already_decided"], false);
  EXPECT_THAT(none["message"].get<std::string>(), HasSubstr("banned: wrong results"));
  CtlJson({"unban", "--runner", Name(runner_up_)});
  EXPECT_EQ(Lookup()["id"], 1) << "the first decision answers again";
}

TEST_F(BansTest, TableFilesAreWrittenWithoutWhatIsBanned) {
  const std::string file = directory() / "followed.table";
  StartDaemon();
  Decide();
  Process follow(CtlArguments({"follow", "--same-environment", file}));
  Process from_daemon({Program("table_reader"), directory() / "d.table"});
  Process from_follow({Program("table_reader"), file});
  for (Process* reader : {&from_daemon, &from_follow}) {
    ASSERT_EQ(Ask(*reader, "wait 1"), "yes");
    EXPECT_EQ(Choose(*reader), "hit 1");
  }
  BanRunner(winner_);
  BanRunner(runner_up_);
  for (Process* reader : {&from_daemon, &from_follow}) EXPECT_TRUE(Comes(*reader, "miss"));
  CtlJson({"unban", "--runner", Name(runner_up_)});
  for (Process* reader : {&from_daemon, &from_follow}) EXPECT_TRUE(Comes(*reader, "hit 1"));
  EXPECT_EQ(Ctl({"follow", "--once", directory() / "once.table"}).exit.code, 0);
  EXPECT_EQ(CtlJson({"table", directory() / "once.table"})["decisions"], 1);
}

TEST_F(BansTest, TheCommandLineSaysWhatIsWrong) {
  EXPECT_EQ(Ctl({"ban", "--runner", "openblas@1", "--reason", "x"}).exit.code, 3);
  StartDaemon();
  const Finished unknown = Ctl({"ban", "--runner", "nobody", "--reason", "x"});
  EXPECT_EQ(unknown.exit.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no runner is known by this name"));
  EXPECT_EQ(Ctl({"ban", "--runner", "openblas"}).exit.code, 2) << "no reason";
  EXPECT_EQ(Ctl({"ban", "--runner", "x@1", "--reason", ""}).exit.code, 2);
  EXPECT_EQ(Ctl({"unban", "--runner", "x@1"}).exit.code, 4);
  EXPECT_EQ(Ctl({"bans"}).out, "no bans\n");
  const Finished banned = Ctl({"ban", "--runner", "gone@1", "--reason", "slow"});
  EXPECT_EQ(banned.exit.code, 0);
  EXPECT_THAT(banned.out, StartsWith("gone (unique id 1) of every op is banned"));
  EXPECT_THAT(Ctl({"bans"}).out, HasSubstr("gone"));
  EXPECT_EQ(Ctl({"unban", "--runner", "gone"}).exit.code, 0) << "known among what is banned";
}

}  // namespace
}  // namespace tactic::e2e
