// What the flags of ban and unban say is banned, and how bans are shown.
#include "client/cli/bans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using testing::BanOf;
using ::testing::HasSubstr;
using testing::SampleCandidate;

const std::vector<RunnerId> kKnown = {{"a", "1"}, {"b", "1"}, {"b", "2"}};

std::string ErrorOf(const BanFlags& flags) {
  const auto ban = MakeBan(flags, kKnown);
  return ban.ok() ? "" : ban.error().message;
}

TEST(BansTest, ARunnerIsFoundByItsNameIfThatIsEnough) {
  EXPECT_EQ(MakeBan({.runner = "a"}, kKnown)->runner, (RunnerId{"a", "1"}));
  EXPECT_EQ(MakeBan({.runner = "b@3"}, kKnown)->runner, (RunnerId{"b", "3"}));
  EXPECT_EQ(MakeBan({.runner = "b@v@3"}, {})->runner, (RunnerId{"b", "v@3"}));
  EXPECT_FALSE(NeedsKnownRunners({.runner = "b@3"}));
  EXPECT_TRUE(NeedsKnownRunners({.runner = "b"}));
  EXPECT_THAT(ErrorOf({.runner = "b"}),
              AllOf(HasSubstr("--runner b: not the only one"), HasSubstr("a@1, b@1, b@2")));
  EXPECT_THAT(ErrorOf({.runner = "c"}), HasSubstr("no runner is known by this name"));
}

TEST(BansTest, ATacticIsAnObjectTheDefaultOrEveryOne) {
  EXPECT_EQ(MakeBan({.runner = "a"}, kKnown)->tactic, std::nullopt);
  EXPECT_EQ(MakeBan({.runner = "a", .tactic = "default"}, kKnown)->tactic, Tactic());
  EXPECT_EQ(MakeBan({.runner = "a", .tactic = R"({"kc":256,"x":true,"s":"t"})"}, kKnown)->tactic,
            (Tactic{{"kc", int64_t{256}}, {"x", true}, {"s", std::string("t")}}));
  EXPECT_THAT(ErrorOf({.runner = "a", .tactic = "kc=256"}), HasSubstr("--tactic: "));
}

TEST(BansTest, WhatJsonPrintsIsWhatTacticTakes) {
  const Candidate candidate = SampleCandidate(3);
  const Json json = ToJson(BanOf(candidate, "gemm"));
  EXPECT_EQ(json["runner"], candidate.runner.name);
  EXPECT_EQ(json["op"], "gemm");
  const BanFlags flags{.runner = "host_blocked@1", .tactic = json["tactic"].dump()};
  EXPECT_EQ(MakeBan(flags, {})->tactic, candidate.tactic);
  const Json runner = ToJson(BanOf(candidate.runner));
  EXPECT_TRUE(runner["tactic"].is_null());
  EXPECT_TRUE(runner["op"].is_null());
}

TEST(BansTest, OpsAndNamesAreChecked) {
  EXPECT_THAT(ErrorOf({.runner = "a", .op = "no name"}), HasSubstr("--op"));
  EXPECT_THAT(ErrorOf({.runner = "no name@1"}), HasSubstr("--runner.name"));
}

TEST(BansTest, AreShownInATable) {
  EXPECT_EQ(BansTable({}), "no bans\n");
  EXPECT_THAT(
      BansTable({BanOf(SampleCandidate(-1).runner), BanOf(SampleCandidate(0), "gemm")}),
      AllOf(HasSubstr("openblas"), HasSubstr("every"), HasSubstr("default"), HasSubstr("gemm"),
            HasSubstr("2023-11-14 22:13:20Z"), HasSubstr("wrong results")));
}

}  // namespace
}  // namespace tactic::cli
