#include "client/cli/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

std::vector<int64_t> Sizes(const std::string& text) {
  const auto sizes = ParseSizes(text);
  EXPECT_TRUE(sizes.ok()) << text << ": " << (sizes.ok() ? "" : sizes.error().message);
  return sizes.ok() ? *sizes : std::vector<int64_t>();
}

std::string SizesError(const std::string& text) {
  const auto sizes = ParseSizes(text);
  EXPECT_FALSE(sizes.ok()) << text;
  return sizes.ok() ? "" : sizes.error().message;
}

TEST(ParseSizesTest, TakesNumbersListsAndRanges) {
  EXPECT_THAT(Sizes("2048"), ElementsAre(2048));
  EXPECT_THAT(Sizes("0"), ElementsAre(0));
  EXPECT_THAT(Sizes("8,1,2"), ElementsAre(8, 1, 2));
  EXPECT_THAT(Sizes("1..4"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Sizes("64..256:64"), ElementsAre(64, 128, 192, 256));
  EXPECT_THAT(Sizes("1..10:4"), ElementsAre(1, 5, 9));
  EXPECT_THAT(Sizes("7..7"), ElementsAre(7));
  EXPECT_THAT(Sizes("1..8:pow2,100"), ElementsAre(1, 2, 4, 8, 100));
}

TEST(ParseSizesTest, PowersOfTwoKeepBothBounds) {
  EXPECT_THAT(Sizes("1..16:pow2"), ElementsAre(1, 2, 4, 8, 16));
  EXPECT_THAT(Sizes("3..12:pow2"), ElementsAre(3, 4, 8, 12));
  EXPECT_THAT(Sizes("0..2:pow2"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Sizes("5..5:pow2"), ElementsAre(5));
  EXPECT_THAT(Sizes("1..1099511627776:pow2"), SizeIs(41));
}

TEST(ParseSizesTest, GivesEachSizeOnce) { EXPECT_THAT(Sizes("1,1..3,2"), ElementsAre(1, 2, 3)); }

TEST(ParseSizesTest, SaysWhatIsWrong) {
  EXPECT_THAT(SizesError(""), HasSubstr("'' is not a size"));
  EXPECT_THAT(SizesError("1,"), HasSubstr("'' is not a size"));
  EXPECT_THAT(SizesError("12x"), AllOf(HasSubstr("'12x' is not a size"), HasSubstr("1..512:pow2")));
  EXPECT_THAT(SizesError("-1"), HasSubstr("out of range: 0 to 1099511627776"));
  EXPECT_THAT(SizesError("1099511627777"), HasSubstr("out of range"));
  EXPECT_THAT(SizesError("99999999999999999999"), HasSubstr("is not a size"));
  EXPECT_THAT(SizesError("8..1"), HasSubstr("runs backwards"));
  EXPECT_THAT(SizesError("1..8:pow3"), HasSubstr("step 'pow3'"));
  EXPECT_THAT(SizesError("1..8:0"), HasSubstr("step '0'"));
  EXPECT_THAT(SizesError("1..8:"), HasSubstr("step ''"));
  EXPECT_THAT(SizesError("1.."), HasSubstr("'' is not a size"));
  EXPECT_THAT(SizesError("1..5000"), HasSubstr("more than 4096"));
}

TEST(ParseDurationTest, TakesUnitsAndSums) {
  EXPECT_EQ(ParseDuration("500ms").value(), 500'000'000);
  EXPECT_EQ(ParseDuration("250us").value(), 250'000);
  EXPECT_EQ(ParseDuration("250µs").value(), 250'000);
  EXPECT_EQ(ParseDuration("3m").value(), 180'000'000'000);
  EXPECT_EQ(ParseDuration("1h30m").value(), 5'400'000'000'000);
  EXPECT_EQ(ParseDuration("1.5s").value(), 1'500'000'000);
  EXPECT_EQ(ParseDuration("0").value(), 0);
}

TEST(ParseDurationTest, RefusesWhatLeavesAGuess) {
  for (const char* text : {"", "5", "ms", "5 s", "-1s", "1s5", "1.2.3s", "5w", "infs", "1e3s"}) {
    const auto duration = ParseDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_THAT(duration.error().message, HasSubstr("is not a duration"));
  }
  EXPECT_THAT(ParseDuration("400d").error().message, HasSubstr("over a year"));
}

TEST(ParseShapeTest, TakesNamedSizes) {
  EXPECT_THAT(ParseShape("m=1,n=2048").value(), ElementsAre(Pair("m", 1), Pair("n", 2048)));
  EXPECT_THAT(ParseShape("m=1,m=2").error().message, HasSubstr("gives m twice"));
  EXPECT_THAT(ParseShape("m=1..4").error().message, HasSubstr("'1..4' is not a size"));
  EXPECT_THAT(ParseShape("m").error().message, HasSubstr("name=value"));
  EXPECT_THAT(ParseShape("").error().message, HasSubstr("empty shape"));
}

TEST(ParseValueLikeTest, FollowsTheTypeOfTheDefault) {
  EXPECT_EQ(ParseValueLike("3", int64_t{0}).value(), Value(int64_t{3}));
  EXPECT_EQ(ParseValueLike("3", 0.5).value(), Value(3.0));
  EXPECT_EQ(ParseValueLike("true", false).value(), Value(true));
  EXPECT_EQ(ParseValueLike("x y", std::string()).value(), Value(std::string("x y")));
  EXPECT_FALSE(ParseValueLike("3.5", int64_t{0}).ok());
  EXPECT_FALSE(ParseValueLike("nan", 0.5).ok());
  EXPECT_FALSE(ParseValueLike("yes", false).ok());
}

TEST(ParseValueLikeTest, NestedValuesAreJson) {
  EXPECT_EQ(ParseValueLike("[1,[2.5,true],\"x\"]", ValueList()).value(),
            Value(ValueList{{int64_t{1}, ValueList{{2.5, true}}, std::string("x")}}));
  EXPECT_EQ(ParseValueLike("{\"b\":[],\"a\":{\"c\":-1}}", Parameters()).value(),
            Value(Parameters{{"a", Parameters{{"c", int64_t{-1}}}}, {"b", ValueList()}}));
  for (const char* wrong : {"", "1", "[1", "[null]", "[18446744073709551615]", "{}"}) {
    EXPECT_FALSE(ParseValueLike(wrong, ValueList()).ok()) << wrong;
  }
  EXPECT_THAT(ParseValueLike("[1]", Parameters()).error().message,
              HasSubstr("'[1]' is not an object in JSON"));
}

TEST(SplitTest, KeepsEmptyItems) {
  EXPECT_THAT(Split("", ','), IsEmpty());
  EXPECT_THAT(Split("a", ','), ElementsAre("a"));
  EXPECT_THAT(Split(",a,,", ','), ElementsAre("", "a", "", ""));
}

TEST(CartesianProductTest, VariesTheLastFastest) {
  const auto product = CartesianProduct({{"m", {1, 2}}, {"n", {8, 9}}});
  ASSERT_TRUE(product.ok());
  ASSERT_THAT(*product, SizeIs(4));
  EXPECT_THAT((*product)[0], ElementsAre(Pair("m", 1), Pair("n", 8)));
  EXPECT_THAT((*product)[1], ElementsAre(Pair("m", 1), Pair("n", 9)));
  EXPECT_THAT((*product)[2], ElementsAre(Pair("m", 2), Pair("n", 8)));
}

TEST(CartesianProductTest, RefusesMoreThanAJobTakes) {
  const std::vector<int64_t> many(100, 1);
  EXPECT_THAT(CartesianProduct({{"m", many}, {"n", many}}).error().message,
              HasSubstr("more than 4096"));
}

std::vector<std::string> Rewritten(const std::vector<std::string>& arguments) {
  auto rewritten =
      RewriteDimFlags(arguments, [](const std::string& flag) { return flag == "--json"; });
  EXPECT_TRUE(rewritten.ok());
  return rewritten.ok() ? *rewritten : std::vector<std::string>();
}

TEST(RewriteDimFlagsTest, RewritesOnlyUnknownFlags) {
  EXPECT_THAT(Rewritten({"gemm", "--m", "1..4", "--json", "--n=8", "-x"}),
              ElementsAre("gemm", "--dim=m=1..4", "--json", "--dim=n=8", "-x"));
  EXPECT_THAT(Rewritten({"gemm", "--", "--m", "4"}), ElementsAre("gemm", "--", "--m", "4"));
}

TEST(RewriteDimFlagsTest, AsksForTheValue) {
  const auto known = [](const std::string&) { return false; };
  EXPECT_THAT(RewriteDimFlags({"--m"}, known).error().message, HasSubstr("--m needs a value"));
  EXPECT_THAT(RewriteDimFlags({"--m", "--n", "4"}, known).error().message,
              HasSubstr("--m needs a value"));
}

}  // namespace
}  // namespace tactic::cli
