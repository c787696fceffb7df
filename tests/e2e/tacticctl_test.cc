// tacticctl against a real daemon: exit codes, messages, JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TacticctlTest : public EndToEnd {
 protected:
  void ExpectFailure(const std::vector<std::string>& arguments, int code,
                     const std::vector<std::string>& says) {
    const Finished finished = Ctl(arguments);
    EXPECT_EQ(finished.exit.code, code) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, StartsWith("tacticctl: "));
    for (const std::string& text : says) EXPECT_THAT(finished.err, HasSubstr(text));
  }
};

TEST_F(TacticctlTest, SaysWhenNoDaemonAnswers) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"info"},
                                                  {"list"},
                                                  {"jobs"},
                                                  {"watch"},
                                                  {"show", "1"},
                                                  {"lookup", "gemm", "--m", "1"},
                                                  {"profiles", "gemm", "--m", "1"},
                                                  {"tune", "gemm", "--m", "1"},
                                                  {"jobs", "cancel", "j-1"}}) {
    ExpectFailure(command, 3, {"no daemon answers at " + target(), "No such file", "--target"});
  }
  const Finished finished = Execute({Program("tacticctl"), "info", "--target=127.0.0.1:1"});
  EXPECT_EQ(finished.exit.code, 3) << finished.err;
}

TEST_F(TacticctlTest, TakesTheTargetFromTheEnvironment) {
  StartDaemon();
  ProcessOptions options;
  options.environment = {"TACTICD_TARGET=" + target()};
  EXPECT_EQ(Execute({Program("tacticctl"), "info"}, std::move(options)).exit.code, 0);
}

TEST_F(TacticctlTest, ProfilesOfDescribedInputsNeedNoDaemon) {
  const std::vector<std::string> command = {"profiles", "gemm", "--input", "m,k",  "--input",
                                            "k,n",      "--m",  "5",       "--n",  "64",
                                            "--k",      "64",   "--at",    "m=3,9"};
  std::vector<std::string> good = command;
  good.insert(good.end(), {"--dynamic", "m"});
  const Finished finished = Ctl(good);
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("m=3 k=64 n=64  m=4 k=64 n=64    profile 3"),
                                  HasSubstr("m=9 k=64 n=64  m=16 k=64 n=64   nothing")));
  std::vector<std::string> never_hits = command;
  never_hits.insert(never_hits.end(), {"--dynamic", "m=9,16/floor_div:2"});
  ExpectFailure(never_hits, 2, {"size 10 maps to 5", "it can never hit"});
}

TEST_F(TacticctlTest, ProfilesTakesTheDimensionsFromTheDaemon) {
  StartDaemon();
  const Finished finished =
      Ctl({"profiles", "softmax", "--rows", "2", "--cols", "64", "--dynamic", "rows", "--json"});
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("\"profiles\""));
}

TEST_F(TacticctlTest, HelpAndVersionNeedNoDaemon) {
  const Finished help = Execute({Program("tacticctl"), "--help"});
  EXPECT_EQ(help.exit.code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("tune"), HasSubstr("Exit codes")));
  const Finished tune = Execute({Program("tacticctl"), "tune", "--help"});
  EXPECT_EQ(tune.exit.code, 0);
  EXPECT_THAT(tune.out, HasSubstr("Examples:"));
  const Finished version = Execute({Program("tacticctl"), "--version"});
  EXPECT_EQ(version.exit.code, 0);
  EXPECT_THAT(version.out, StartsWith("tacticctl "));
}

TEST_F(TacticctlTest, ExplainsWrongCommandLines) {
  StartDaemon();
  ExpectFailure({"frobnicate"}, 2, {});
  ExpectFailure({"list", "--nope"}, 2, {"--nope"});
  ExpectFailure({"info", "--timeout", "5"}, 2, {"--timeout", "'5'", "ms"});
  ExpectFailure({"tune", "conv", "--m", "1"}, 2, {"'conv'", "gemm", "softmax"});
  ExpectFailure({"tune", "gemm", "--rows", "1"}, 2, {"--rows", "m, k, n"});
  ExpectFailure({"tune", "gemm", "--m"}, 2, {"--m needs a value"});
  ExpectFailure({"tune", "gemm", "--m", "1", "--n", "8"}, 2, {"k"});
  ExpectFailure({"tune", "gemm", "--m", "8..1", "--n", "8", "--k", "8"}, 2, {"runs backwards"});
  ExpectFailure({"tune", "gemm", "--m", "1..5000", "--n", "8", "--k", "8"}, 2, {"4096"});
  ExpectFailure({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--dtype", "f16"}, 2,
                {"f16", "f32"});
  ExpectFailure({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--layout", "a=col_major"}, 2,
                {"col_major", "row_major"});
  ExpectFailure({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--policy", "hot"}, 2,
                {"'hot'", "weights_cold"});
  ExpectFailure({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--deadline", "8d"}, 2,
                {"--deadline 8d", "7d"});
  ExpectFailure({"lookup", "gemm", "--m", "1,2", "--n", "8", "--k", "8"}, 2, {"2 problems"});
}

TEST_F(TacticctlTest, UnknownRunnersListTheKnown) {
  StartDaemon();
  const Finished finished =
      Ctl({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--runners", "cublas"});
  EXPECT_NE(finished.exit.code, 0);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("cublas"), HasSubstr("host_blocked")));
}

TEST_F(TacticctlTest, MissesAndUnknownIdsAreNotFound) {
  StartDaemon();
  const std::vector<std::string> problem = {"gemm", "--m", "1", "--n", "8", "--k", "8"};
  std::vector<std::string> lookup = problem;
  lookup.insert(lookup.begin(), "lookup");
  ExpectFailure(lookup, 4, {"tacticctl tune gemm --m 1 --n 8 --k 8"});
  EXPECT_TRUE(CtlJson(lookup, 4).is_null());
  std::vector<std::string> show = problem;
  show.insert(show.begin(), "show");
  ExpectFailure(show, 4, {"tacticctl tune gemm"});
  ExpectFailure({"show", "12345"}, 4, {"12345"});
  ExpectFailure({"jobs", "watch", "j-12345"}, 4, {"j-12345"});
  ExpectFailure({"jobs", "cancel", "j-12345"}, 4, {"j-12345"});
}

TEST_F(TacticctlTest, ShowsWhatWasMeasured) {
  StartDaemon();
  const Finished tuned = Ctl({"tune", "gemm", "--m", "2", "--n", "64", "--k", "64"});
  EXPECT_EQ(tuned.exit.code, 0) << tuned.err;
  EXPECT_THAT(tuned.err, HasSubstr("[1/1] gemm m=2 k=64 n=64 f32: "));  // No terminal: a line each.
  EXPECT_THAT(tuned.out, AllOf(HasSubstr("chosen"), HasSubstr("m=2 k=64 n=64 f32"),
                               HasSubstr("1 of 1 decided (1 measured in ")));
  const Json listed = CtlJson({"list"});
  ASSERT_EQ(listed.size(), 1u);
  const std::string id = std::to_string(listed[0]["id"].get<int>());

  const Json shown = CtlJson({"show", id});
  const Json& trials = shown["evidence"]["trials"];
  EXPECT_GT(trials.size(), 1u);
  EXPECT_FALSE(trials[0]["samples"].empty());
  const Finished text = Ctl({"show", "gemm", "--m", "2", "--n", "64", "--k", "64"});
  EXPECT_EQ(text.exit.code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("decision " + id), HasSubstr("why "), HasSubstr("▇"),
                              HasSubstr("candidates, ")));
  const Finished looked_up = Ctl({"lookup", "gemm", "--m", "2", "--n", "64", "--k", "64"});
  EXPECT_EQ(looked_up.exit.code, 0) << looked_up.err;
  EXPECT_THAT(looked_up.out, HasSubstr("tacticctl show " + id));
}

TEST_F(TacticctlTest, VerifiesWhatStands) {
  StartDaemon();
  ExpectFailure({"verify", "12345"}, 4, {"no decision 12345 stands"});
  EXPECT_EQ(Ctl({"verify"}).out, "nothing to verify: no decisions\n");
  CtlJson({"tune", "gemm", "--m", "1,2", "--n", "64", "--k", "64"});

  const Json job = CtlJson({"verify"});
  EXPECT_EQ(job["state"], "done");
  ASSERT_EQ(job["contests"].size(), 2u);
  for (const Json& contest : job["contests"]) {
    const Json& found = contest["verification"];
    EXPECT_GE(found["regret"], 0);
    EXPECT_EQ(found["pick_failed"], false);
    // Superseded or not is the machine's to say; what stands must agree with it.
    EXPECT_EQ(found["superseded"], contest["decision_id"] != found["decision_id"]);
  }
  const std::string id = std::to_string(CtlJson({"list"})[0]["id"].get<int>());
  const Finished text = Ctl({"verify", id});
  EXPECT_EQ(text.exit.code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("drift"), HasSubstr("1 of 1 decision verified")));
  const Json jobs = CtlJson({"jobs"});
  const Finished again = Ctl({"jobs", "watch", jobs[0]["id"]});
  EXPECT_THAT(again.out, HasSubstr("1 of 1 decision verified"));
}

TEST_F(TacticctlTest, TracesWhatWasMeasured) {
  StartDaemon();
  ExpectFailure({"trace"}, 1, {"no decision to write"});
  CtlJson({"tune", "gemm", "--m", "1,2", "--n", "64", "--k", "64"});
  const Finished trace = Ctl({"trace", "--op", "gemm"});
  EXPECT_EQ(trace.exit.code, 0) << trace.err;
  EXPECT_THAT(trace.out, AllOf(StartsWith("mode,m,n,k,candidate,runner,"),
                               HasSubstr("\ncold,1,64,64,0,"), HasSubstr("\ncold,2,64,64,0,")));
}

TEST_F(TacticctlTest, InfoNamesOpsDimensionsAndRunners) {
  StartDaemon();
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});  // The lane is ready after this.
  const Json info = CtlJson({"info"});
  EXPECT_EQ(info["lanes"][0]["name"], "host");
  EXPECT_EQ(info["decisions"], 1);
  const Finished text = Ctl({"info"});
  EXPECT_THAT(text.out, AllOf(HasSubstr("lane host: "), HasSubstr("op gemm"),
                              HasSubstr("op softmax"), HasSubstr("host_blocked")));
}

TEST_F(TacticctlTest, ADeadlineLeavesTheJobIncomplete) {
  StartDaemon();
  const Finished finished = Ctl(
      {"tune", "gemm", "--m", "1..512", "--n", "64", "--k", "64", "--deadline", "300ms", "--json"});
  EXPECT_EQ(finished.exit.code, 5) << finished.err;
  EXPECT_EQ(Json::parse(finished.out)["state"], "expired");
}

TEST_F(TacticctlTest, AnInterruptLeavesTheJobRunning) {
  StartDaemon();
  Process tune(CtlArguments({"tune", "gemm", "--m", "1..512", "--n", "64", "--k", "64", "--json"}));
  Process watch(CtlArguments({"watch", "--json", "--count", "1"}));
  EXPECT_TRUE(watch.ReadLine().has_value());  // Something was decided: it follows by now.
  tune.Signal(SIGINT);
  const Finished interrupted = tune.RunToEnd();
  EXPECT_EQ(interrupted.exit.code, 130);
  EXPECT_THAT(interrupted.err,
              AllOf(HasSubstr("goes on in the daemon"), HasSubstr("jobs watch j-")));
  const Json job = CtlJson({"jobs"})[0];
  EXPECT_EQ(job["state"], "running");
  EXPECT_EQ(CtlJson({"jobs", "cancel", job["id"]})["state"], "cancelled");
}

TEST_F(TacticctlTest, AnInterruptCancelsIfAskedTo) {
  StartDaemon();
  Process tune(CtlArguments({"tune", "gemm", "--m", "1..512", "--n", "64", "--k", "64",
                             "--cancel-on-interrupt", "--json"}));
  Process watch(CtlArguments({"watch", "--json", "--count", "1"}));
  EXPECT_TRUE(watch.ReadLine().has_value());
  tune.Signal(SIGINT);
  EXPECT_EQ(tune.RunToEnd().exit.code, 130);
  EXPECT_EQ(CtlJson({"jobs"})[0]["state"], "cancelled");
}

TEST_F(TacticctlTest, WatchEndsOnInterrupt) {
  StartDaemon();
  Process watch(CtlArguments({"watch", "--json"}));
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});
  const auto line = watch.ReadLine();
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(Json::parse(*line)["problem"]["sizes"]["m"], 1);
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.RunToEnd().exit.code, 130);
}

// The daemon says something every 5 s: with less patience the stream is opened again and again, and
// nothing is lost or shown twice.
TEST_F(TacticctlTest, WatchOpensASilentStreamAgain) {
  StartDaemon();
  Process watch(
      CtlArguments({"watch", "--json", "--standing", "--count", "2", "--silence", "50ms"}));
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});
  const auto first = watch.ReadLine();
  ASSERT_TRUE(first.has_value());
  CtlJson({"tune", "gemm", "--m", "2", "--n", "8", "--k", "8"});
  const Finished finished = watch.RunToEnd();
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("stale: the daemon has said nothing for "));
  EXPECT_NE(Json::parse(*first)["revision"], Json::parse(finished.out)["revision"]);
}

TEST_F(TacticctlTest, OnlyTheNamedRunnersRace) {
  StartDaemon();
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--runners", "host_blocked"});
  const Json list = CtlJson({"list"});
  ASSERT_EQ(list.size(), 1u);
  const Json shown = CtlJson({"show", std::to_string(list[0]["id"].get<int>())});
  for (const Json& trial : shown["evidence"]["trials"]) EXPECT_EQ(trial["runner"], "host_blocked");
}

}  // namespace
}  // namespace tactic::e2e
