#include "tactic/model/parameters.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tactic {
namespace {

using ::testing::IsNull;
using ::testing::Pointee;

TEST(ParametersTest, OrderOfTheListDoesNotMatter) {
  const Parameters one = {{"b", int64_t{2}}, {"a", int64_t{1}}, {"c", int64_t{3}}};
  const Parameters two = {{"c", int64_t{3}}, {"b", int64_t{2}}, {"a", int64_t{1}}};
  EXPECT_EQ(one, two);
  EXPECT_EQ(one.items().front().name, "a");
  EXPECT_EQ(one.items().back().name, "c");
}

TEST(ParametersTest, OfEqualNamesTheLastWins) {
  const Parameters parameters = {
      {"a", int64_t{1}}, {"b", int64_t{2}}, {"a", int64_t{3}}, {"a", int64_t{4}}};
  EXPECT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters.IntOr("a", 0), 4);
  EXPECT_EQ(parameters.IntOr("b", 0), 2);
}

TEST(ParametersTest, SetAddsInOrderAndReplaces) {
  Parameters parameters;
  parameters.Set("b", int64_t{1});
  parameters.Set("a", true);
  parameters.Set("b", std::string("x"));
  EXPECT_EQ(parameters, Parameters({{"a", true}, {"b", std::string("x")}}));
}

TEST(ParametersTest, FindKnowsTheExactNameOnly) {
  const Parameters parameters = {{"kc", int64_t{256}}};
  EXPECT_THAT(parameters.Find("kc"), Pointee(Value(int64_t{256})));
  EXPECT_THAT(parameters.Find("k"), IsNull());
  EXPECT_THAT(parameters.Find("kcc"), IsNull());
  EXPECT_THAT(Parameters().Find("kc"), IsNull());
}

TEST(ParametersTest, ValueOfAnotherTypeIsNotTaken) {
  const Parameters parameters = {
      {"int", int64_t{5}}, {"bool", true}, {"text", std::string("x")}, {"double", 5.0}};
  EXPECT_EQ(parameters.IntOr("int", 7), 5);
  EXPECT_EQ(parameters.IntOr("double", 7), 7);
  EXPECT_EQ(parameters.BoolOr("bool", false), true);
  EXPECT_EQ(parameters.BoolOr("int", false), false);
  EXPECT_EQ(parameters.StringOr("text", "y"), "x");
  EXPECT_EQ(parameters.StringOr("missing", "y"), "y");
}

TEST(ParametersTest, TextIsForPeople) {
  EXPECT_EQ(Parameters().ToText(), "default");
  const Parameters parameters = {
      {"micro", std::string("avx2_6x16")}, {"kc", int64_t{-256}}, {"pack", true}, {"share", 0.5}};
  EXPECT_EQ(parameters.ToText(), "kc=-256 micro=avx2_6x16 pack=true share=0.5");
}

TEST(ParametersTest, ValuesNest) {
  const Parameters one = {{"tile", ValueList{{int64_t{128}, int64_t{64}}}},
                          {"inner", Parameters{{"b", true}, {"a", 0.5}}}};
  Parameters other = one;
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.ToText(), "inner={a=0.5 b=true} tile=[128,64]");
  EXPECT_EQ(Parameters({{"none", Parameters()}}).ToText(), "none={}");
  other.Set("tile", ValueList{{int64_t{128}, int64_t{65}}});
  EXPECT_LT(one, other);
  EXPECT_NE(one, other);
  ASSERT_NE(one.Find("inner"), nullptr);
  EXPECT_EQ(std::get<Parameters>(*one.Find("inner")).BoolOr("b", false), true);
}

TEST(ParametersTest, DoublesPrintTheShortestThatReadsBack) {
  EXPECT_EQ(ToText(Value(0.1)), "0.1");
  EXPECT_EQ(ToText(Value(1e300)), "1e+300");
  EXPECT_EQ(ToText(Value(std::numeric_limits<double>::lowest())), "-1.7976931348623157e+308");
}

}  // namespace
}  // namespace tactic
