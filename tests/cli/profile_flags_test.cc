#include "client/cli/profile_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Text(const ProfilesFlags& flags) {
  const auto explained = Explain(GemmSchema(), flags);
  return explained.ok() ? TextOf(*explained) : "error: " + explained.error().message;
}

// The examples of docs/profiles.md.
TEST(ProfilesTest, PowersOfTwo) {
  EXPECT_EQ(Text({.dims = {"m=5", "n=64", "k=64"}, .dynamic = {"m"}, .at = {"m=3,8,9"}}),
            "profile  m     k   n\n"
            "      1  1..2  64  64\n"
            "      2  2..4  64  64\n"
            "      3  4..8  64  64\n"
            "      4  8..   64  64\n"
            "\n"
            "size           is looked up as  and finds\n"
            "m=3 k=64 n=64  m=4 k=64 n=64    profile 3\n"
            "m=8 k=64 n=64  m=8 k=64 n=64    profile 4\n"
            "m=9 k=64 n=64  m=16 k=64 n=64   nothing\n");
}

TEST(ProfilesTest, SaturationMapsThenClamps) {
  EXPECT_EQ(Text({.dims = {"m=100", "n=64", "k=64"},
                  .dynamic = {"m=16,64/next_pow2"},
                  .at = {"m=10,20,1000"},
                  .tune_max = "32"}),
            "profile  m        k   n\n"
            "      1  16..64   64  64\n"
            "      2  32..128  64  64\n"
            "\n"
            "size              is looked up as  and finds\n"
            "m=10 k=64 n=64    m=16 k=64 n=64   profile 1\n"
            "m=20 k=64 n=64    m=32 k=64 n=64   profile 2\n"
            "m=1000 k=64 n=64  m=32 k=64 n=64   profile 2\n");
}

TEST(ProfilesTest, WhatCanNeverHitIsRefusedUnlessAsTheAncestor) {
  ProfilesFlags flags{.dims = {"m=9", "n=64", "k=64"}, .dynamic = {"m=9,16/floor_div:2"}};
  EXPECT_THAT(Text(flags), AllOf(HasSubstr("error: dynamic[0]: size 10 maps to 5"),
                                 HasSubstr("it can never hit")));
  flags.ancestor = true;
  flags.at = {"m=9,18"};
  EXPECT_THAT(Text(flags), AllOf(HasSubstr("m=9 k=64 n=64   m=4 k=64 n=64    profile 2"),
                                 HasSubstr("m=18 k=64 n=64  m=9 k=64 n=64    nothing")));
}

TEST(ProfilesTest, ADimensionOfSeveralInputsIsDynamicInTheFirstAndFollowsInTheOthers) {
  const auto explained = Explain(
      GemmSchema(),
      {.dims = {"m=4", "n=64", "k=33"}, .dynamic = {"m=2,4", "k=multiples:16"}, .at = {"k=17"}});
  ASSERT_TRUE(explained.ok()) << explained.error().message;
  const Json json = ToJson(*explained);
  EXPECT_EQ(json["profiles"].size(), 6u);
  EXPECT_EQ(json["profiles"][0]["inputs"].dump(),
            R"([[{"min":2,"opt":2,"max":4},{"min":16,"opt":16,"max":32}],[16,64]])");
  EXPECT_EQ(json["profiles"][0]["key"].dump(), "[[2,16],[-1,64]]");
  EXPECT_EQ(json["lookups"][0].dump(),
            R"({"sizes":{"k":17,"m":4,"n":64},"key":[[4,32],[-1,64]],"hit":true,"profile":5})");
}

TEST(ProfilesTest, InputsStandInForADaemon) {
  const auto schema = SchemaOfInputs({.op = "attention", .inputs = {"b,s,d", "b,s"}});
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  EXPECT_EQ(DimNames(*schema), (std::vector<std::string>{"b", "s", "d"}));
  EXPECT_FALSE(SchemaOfInputs({.op = "x", .inputs = {"a b"}}).ok());
}

TEST(ParseDynamicTest, WithoutAMapperTheOneThatFits) {
  const auto mapper = [](const char* text) { return ParseDynamic(text)->second.mapper; };
  EXPECT_EQ(mapper("m").rule, Mapper::Rule::kNextPowerOfTwo);
  EXPECT_EQ(mapper("m=last_pow2").rule, Mapper::Rule::kLastPowerOfTwo);
  EXPECT_EQ(mapper("m=met").rule, Mapper::Rule::kIdentity);
  EXPECT_EQ(mapper("m=multiples:32").rule, Mapper::Rule::kRoundUp);
  EXPECT_EQ(mapper("m=multiples:32").step, 32);
  EXPECT_EQ(mapper("m=16,64").rule, Mapper::Rule::kCeilTo);
  EXPECT_EQ(mapper("m=16,64/floor_to").list, (std::vector<int64_t>{16, 64}));
  EXPECT_EQ(mapper("m=pow2/ceil_to:8..32:8").list, (std::vector<int64_t>{8, 16, 24, 32}));
}

TEST(ParseDynamicTest, SaysWhatIsWrong) {
  const auto error = [](const char* text) { return ParseDynamic(text).error().message; };
  EXPECT_THAT(error("m=powers"), HasSubstr("neither pow2, last_pow2, multiples:N, met nor sizes"));
  EXPECT_THAT(error("m=pow2/half"), HasSubstr("unknown mapper 'half'; identity, next_pow2"));
  EXPECT_THAT(error("m=multiples:1,2"), HasSubstr("multiples: '1,2' is 2 sizes; give one"));
}

TEST(ProfilesTest, NamesTheFlag) {
  const std::vector<std::string> sizes = {"m=5", "n=64", "k=64"};
  EXPECT_THAT(Text({.dims = sizes, .dynamic = {"rows"}}),
              HasSubstr("--dynamic rows: gemm has no dimension 'rows'"));
  EXPECT_THAT(Text({.dims = {"m=5", "n=64"}}), HasSubstr("--k is missing"));
  EXPECT_THAT(Text({.dims = {"m=1,2", "n=64", "k=64"}}), HasSubstr("--m: 2 sizes; give the one"));
  EXPECT_THAT(Text({.dims = sizes, .dynamic = {"m"}, .tune_max = "0"}),
              HasSubstr("tune_max is 0; must be 1"));
}

}  // namespace
}  // namespace tactic::cli
