#include "client/cli/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/convert/convert.h"
#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

TEST(JsonTest, DecisionKeepsItsShape) {
  const Json json = ToJson(GemmSchemas(), GemmDecision(12, Gemm(1, 64, 32)));
  EXPECT_EQ(json["id"], 12);
  EXPECT_EQ(json["fingerprint"].get<std::string>().size(), 32u);
  EXPECT_EQ(json["problem"]["op"], "gemm");
  EXPECT_EQ(json["problem"]["sizes"], Json({{"m", 1}, {"k", 32}, {"n", 64}}));
  EXPECT_EQ(json["problem"]["inputs"][1]["shape"], Json({32, 64}));
  EXPECT_EQ(json["policy"]["cache"], "weights_cold");
  EXPECT_EQ(json["pick"]["runner"], "host_blocked");
  EXPECT_EQ(json["pick"]["tactic"]["kc"], 256);
  EXPECT_EQ(json["pick"]["median_ns"], 100e3);
  EXPECT_EQ(json["speedup"], 1.5);
  EXPECT_EQ(json["reason"], "clear");
  EXPECT_EQ(json["ranking"].size(), 1u);
}

TEST(JsonTest, NestedValuesOfATacticAreNestedJson) {
  Decision decision = GemmDecision(12, Gemm(1, 64, 32));
  decision.ranking[0].candidate.tactic = {
      {"tile", ValueList{{int64_t{128}, 0.5}}},
      {"inner", Parameters{{"async", true}, {"name", std::string("x")}}}};
  EXPECT_EQ(ToJson(GemmSchemas(), decision)["pick"]["tactic"],
            Json::parse(R"({"inner":{"async":true,"name":"x"},"tile":[128,0.5]})"));
}

TEST(JsonTest, UnknownSpeedupIsNull) {
  Decision decision = GemmDecision(12, Gemm(1, 64, 32));
  decision.default_ns = 0;
  EXPECT_TRUE(ToJson(GemmSchemas(), decision)["speedup"].is_null());
  decision.ranking.clear();
  EXPECT_TRUE(ToJson(GemmSchemas(), decision)["pick"].is_null());
}

TEST(JsonTest, JobListsContestsAndWhatRuns) {
  v1::Job job = GemmJob(2);
  v1::Progress* running = job.add_running();
  running->set_lane("host");
  running->set_phase("racing");
  convert::ToProto(BlockedDefault(), running->mutable_best());
  const Json json = ToJson(GemmSchemas(), job);
  EXPECT_EQ(json["id"], "j-7");
  EXPECT_EQ(json["state"], "running");
  EXPECT_EQ(json["contests"].size(), 2u);
  EXPECT_EQ(json["contests"][1]["problem"]["sizes"]["m"], 2);
  EXPECT_EQ(json["running"][0]["best"]["tactic"], Json::object());
}

TEST(JsonTest, ServerInfoNamesDimensionsAndRunners) {
  v1::GetServerInfoResponse info;
  v1::Lane* lane = info.add_lanes();
  lane->set_name("host");
  lane->set_state(v1::LANE_STATE_READY);
  lane->mutable_device()->set_kind(v1::DEVICE_KIND_HOST);
  convert::ToProto(GemmSchema(), lane->add_ops()->mutable_schema());
  convert::ToProto(RunnerId{"host_blocked", "1"}, lane->mutable_ops(0)->add_runners());
  lane->mutable_self_check()->set_cold(true);
  lane->add_disturbances("it was hot");
  const Json json = ToJson(info);
  EXPECT_EQ(json["lanes"][0]["self_check"]["cold"], true);
  EXPECT_EQ(json["lanes"][0]["disturbances"], Json({"it was hot"}));
  const Json& op = json["lanes"][0]["ops"][0];
  EXPECT_EQ(json["lanes"][0]["state"], "ready");
  EXPECT_EQ(op["dims"], Json({"m", "k", "n"}));
  EXPECT_EQ(op["inputs"][1]["layouts"], Json({"row_major", "col_major"}));
  EXPECT_EQ(op["attributes"]["alpha"], 1.0);
  EXPECT_EQ(op["runners"][0]["name"], "host_blocked");
}

TEST(JsonTest, TrialsKeepEverySample) {
  Trial trial{Blocked(8), Outcome::kEliminated, "", 3, {{1, 2, 3.0F}}};
  const Json json = ToJson(trial);
  EXPECT_EQ(json["outcome"], "eliminated");
  EXPECT_EQ(json["samples"][0], Json({{"epoch", 1}, {"round", 2}, {"ns", 3.0}}));
}

TEST(JsonTest, BrokenTextIsReplacedNotThrown) {
  EXPECT_EQ(OneLine(Json{{"text", "a\xff"}}), "{\"text\":\"a\xef\xbf\xbd\"}\n");
}

}  // namespace
}  // namespace tactic::cli
