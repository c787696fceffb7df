// Whole stores from one daemon to another, with tacticctl export and import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The second daemon is the fixture's own; the first one's store is exported before it starts.
class TransferTest : public EndToEnd {
 protected:
  std::string file() const { return (directory() / "store.tactic").string(); }

  void Tune(const std::string& rows) {
    CtlJson({"tune", "gemm", "--m", rows, "--n", "64", "--k", "64", "--budget", "100ms"});
  }
  // Starts the next daemon with an empty store.
  void StartEmpty() {
    TerminateDaemon();
    std::filesystem::remove_all(state_dir());
    StartDaemon();
  }
};

TEST_F(TransferTest, AStoreMovesToAnotherDaemonWhole) {
  StartDaemon();
  Tune("1,2");
  CtlJson({"tune", "gemm", "--m", "1", "--n", "64", "--k", "64", "--budget", "100ms", "--again"});
  const Json listed = CtlJson({"list"});
  ASSERT_EQ(listed.size(), 2u);
  const Json exported = CtlJson({"export", file()});
  EXPECT_EQ(exported["contests"], 3);
  EXPECT_EQ(exported["decisions"], 3);
  EXPECT_EQ(exported["damaged"], 0);
  EXPECT_EQ(exported["bytes"], std::filesystem::file_size(file()));

  StartEmpty();
  const Json would = CtlJson({"import", file(), "--dry-run"});
  EXPECT_EQ(would["added"], 2);
  EXPECT_EQ(CtlJson({"list"}).size(), 0u);
  const Json imported = CtlJson({"import", file()});
  EXPECT_TRUE(imported["complete"]);
  EXPECT_EQ(imported["added"], 2);
  EXPECT_EQ(imported["behind"], 1);  // History of the first store.
  EXPECT_EQ(imported["conflict_count"], 0);
  const Json now = CtlJson({"list"});
  ASSERT_EQ(now.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(now[i]["fingerprint"], listed[i]["fingerprint"]);
    EXPECT_EQ(now[i]["ranking"], listed[i]["ranking"]);
    const std::string id = std::to_string(now[i]["id"].get<int>());
    EXPECT_GT(CtlJson({"show", id})["evidence"]["trials"].size(), 1u);
  }
  // Nothing is measured again, also after a kill: it was on disk before it was acknowledged.
  KillDaemon();
  StartDaemon();
  const Json tuned =
      CtlJson({"tune", "gemm", "--m", "1,2", "--n", "64", "--k", "64", "--budget", "100ms"});
  EXPECT_EQ(tuned["contests_measured"], 0);
  const Json again = CtlJson({"import", file()});
  EXPECT_EQ(again["known"], 3);
  EXPECT_EQ(again["revision"], imported["revision"]);
}

TEST_F(TransferTest, ConflictsAreListed) {
  StartDaemon();
  Tune("1");
  CtlJson({"export", file()});
  StartEmpty();
  Tune("1");
  const Json imported = CtlJson({"import", file()});
  ASSERT_EQ(imported["conflict_count"], 1);
  const Json& conflict = imported["conflicts"][0];
  EXPECT_EQ(conflict["ours"]["fingerprint"], conflict["theirs"]["fingerprint"]);
  EXPECT_FALSE(conflict["why"].get<std::string>().empty());
  EXPECT_EQ(imported["replaced"].get<int>() + imported["behind"].get<int>(), 1);
}

TEST_F(TransferTest, AStreamGoesThroughAPipe) {
  StartDaemon();
  Tune("1");
  const Finished exported = Ctl({"export", "-"});
  ASSERT_EQ(exported.exit.code, 0) << exported.err;
  EXPECT_THAT(exported.err, HasSubstr("exported 1 contest (1 decision"));
  WriteFile(file(), exported.out);
  EXPECT_EQ(CtlJson({"import", file()})["known"], 1);
  EXPECT_EQ(Ctl({"export", "-", "--json"}).exit.code, 2);
}

TEST_F(TransferTest, DamagedFilesChangeNothingUnlessAskedTo) {
  StartDaemon();
  Tune("1,2");
  CtlJson({"export", file()});
  StartEmpty();
  const std::string whole = ReadFile(file());
  WriteFile(file(), whole.substr(0, whole.size() - 1));
  const Finished refused = Ctl({"import", file()});
  EXPECT_EQ(refused.exit.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("ends inside a record"), HasSubstr("--partial"),
                                 HasSubstr("Nothing was imported")));
  EXPECT_EQ(CtlJson({"list"}).size(), 0u);
  const Json partial = CtlJson({"import", file(), "--partial"});
  EXPECT_FALSE(partial["complete"]);
  EXPECT_EQ(partial["added"], 2);
  EXPECT_EQ(Ctl({"import", (directory() / "absent").string()}).exit.code, 4);
  WriteFile(file(), "not an export");
  EXPECT_THAT(Ctl({"import", file()}).err, HasSubstr("is no export of tacticctl"));
}

// In the form of TensorRT-LLM's AutoTuner.
constexpr char kCache[] = R"json({
  "metadata": {"lib_version": "1.2.0", "creation_timestamp": 1761557123.0,
               "device_name": "NVIDIA H200", "device_capability": [9, 0]},
  "cache_data": {
    "('demo::gemm', 'DemoRunner', '(1,)', ((4, 64), (64, 64)))":
        {"runner_id": 0, "tactic": 7, "min_time": 0.002},
    "('demo::gemm', 'DemoRunner', '(1,)', ((8, 64), (64, 64)))":
        {"runner_id": 0, "tactic": {"tile": 128}, "min_time": Infinity},
    "not a key": {"runner_id": 0, "tactic": 7, "min_time": 0.002}}})json";

TEST_F(TransferTest, AnotherProgramsCacheIsTakenButNeverAnswers) {
  StartDaemon();
  WriteFile(file(), kCache);
  const std::vector<std::string> import = {
      "import", "--format=tensorrt-llm",   "--dtype", "f32", "--op", "demo::gemm=gemm",
      "--map",  "DemoRunner=host_blocked", file()};
  const Json imported = CtlJson(import);
  EXPECT_TRUE(imported["complete"]);
  EXPECT_EQ(imported["added"], 2);
  ASSERT_EQ(imported["left_out"].size(), 1u);
  EXPECT_EQ(imported["left_out"][0]["key"], "not a key");
  EXPECT_EQ(CtlJson(import)["known"], 2);
  const Json listed = CtlJson({"list"});
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0]["pick"]["tactic"]["tactic"], 7);
  EXPECT_EQ(listed[0]["environment"]["components"]["imported"], "tensorrt_llm");
  EXPECT_TRUE(CtlJson({"lookup", "gemm", "--m", "4", "--n", "64", "--k", "64"}, 4).is_null());

  const std::string out = (directory() / "out.json").string();
  CtlJson({"export", "--format=tensorrt-llm", "--op", "gemm=demo::gemm", "--map",
           "host_blocked=DemoRunner", out});
  EXPECT_THAT(ReadFile(out),
              AllOf(HasSubstr("\"('demo::gemm', 'DemoRunner', '(1,)', ((4, 64), (64, 64)))\": "
                              "{\"runner_id\": 0, \"tactic\": 7, \"min_time\": 0.002}"),
                    HasSubstr("\"tactic\": {\"tile\":128}, \"min_time\": Infinity")));
}

TEST_F(TransferTest, FlagsThatDoNotFitTheFormatAreRefused) {
  StartDaemon();
  WriteFile(file(), kCache);
  const auto refused = [&](std::vector<std::string> arguments) {
    const Finished finished = Ctl(arguments);
    EXPECT_EQ(finished.exit.code, 2) << finished.err;
    return finished.err;
  };
  EXPECT_THAT(refused({"import", "--dtype", "f32", file()}), HasSubstr("--dtype"));
  EXPECT_THAT(refused({"import", "--format=tensorrt-llm", file()}), HasSubstr("--dtype"));
  EXPECT_THAT(refused({"import", "--format=tensorrt-llm", "--dtype", "f99", file()}),
              HasSubstr("'f99'"));
  EXPECT_THAT(refused({"import", "--format=flashinfer", "--dtype", "f32", "--rank", "1", file()}),
              HasSubstr("--rank"));
  EXPECT_THAT(refused({"import", "--format=nosuch", file()}), HasSubstr("--format"));
  EXPECT_THAT(refused({"export", "--op", "gemm", file()}), HasSubstr("--format"));
}

}  // namespace
}  // namespace tactic::e2e
