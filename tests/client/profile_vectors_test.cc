// Recorded vectors: how the tool reads them, and that ChooseOne hits where they say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "client/tools/expression.h"
#include "client/tools/vectors.h"
#include "tests/client/gemm_op.h"

namespace tactic::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int64_t Value(std::string_view text, const Shapes& shapes = {{33, 4}, {7, 5, -3}}) {
  const auto parsed = Expression::Parse(text);
  if (!parsed.ok()) throw std::invalid_argument(parsed.error().message);
  return parsed->Evaluate(shapes);
}

TEST(ExpressionTest, FollowsThePrecedenceOfArithmetic) {
  EXPECT_EQ(Value("((shapes[0][0]+127)//128)*128"), 128);
  EXPECT_EQ(Value("(shapes[0][0]+127)//128*128"), 128);
  EXPECT_EQ(Value("1 + 2 * 3 - 4"), 3);
  EXPECT_EQ(Value("10-3-2"), 5);
  EXPECT_EQ(Value("2*7//3"), 4);
  EXPECT_EQ(Value("- -3"), 3);
  EXPECT_EQ(Value("+5"), 5);
}

TEST(ExpressionTest, DivisionRoundsDown) {
  EXPECT_EQ(Value("7//2"), 3);
  EXPECT_EQ(Value("-7//2"), -4);
  EXPECT_EQ(Value("7//-2"), -4);
  EXPECT_EQ(Value("-7//-2"), 3);
  EXPECT_EQ(Value("-(7//2)"), -3);
  EXPECT_EQ(Value("-8//2"), -4);
}

TEST(ExpressionTest, MinAndMaxTakeAnyNumber) {
  EXPECT_EQ(Value("min(shapes[0][0], 64)+1"), 34);
  EXPECT_EQ(Value("max(1,shapes[1][0],3,min(9,8))"), 8);
}

TEST(ExpressionTest, IndicesAreExpressionsAndCountFromTheEndBelow0) {
  EXPECT_EQ(Value("shapes[1][-1]"), -3);
  EXPECT_EQ(Value("shapes[-2][0]"), 33);
  EXPECT_EQ(Value("shapes[0+1][3-2]"), 5);
}

TEST(ExpressionTest, WhatHasNoValueThrows) {
  EXPECT_THROW(Value("1//0"), std::runtime_error);
  EXPECT_THROW(Value("shapes[2][0]"), std::runtime_error);
  EXPECT_THROW(Value("shapes[0][2]"), std::runtime_error);
  EXPECT_THROW(Value("9223372036854775807+1"), std::runtime_error);
  EXPECT_THROW(Value("9223372036854775807*2"), std::runtime_error);
  EXPECT_THROW(Value("(-9223372036854775807-1)//-1"), std::runtime_error);
}

TEST(ExpressionTest, WhatIsNoExpressionIsAnError) {
  for (const char* text : {"", "1+", "shapes[0]", "shapes[0][", "(1", "1)", "min 1", "max()", "a",
                           "1/2", "1 2", "99999999999999999999"}) {
    EXPECT_FALSE(Expression::Parse(text).ok()) << text;
  }
  EXPECT_THAT(Expression::Parse("1+(2").error().message, HasSubstr("')' expected at character 5"));
  EXPECT_FALSE(Expression::Parse(std::string(100'000, '(')).ok()) << "nested too deep";
}

Json Cases(const std::string& file) {
  std::ifstream in(std::string(TACTIC_TEST_DATA) + "/" + file);
  std::ostringstream text;
  text << in.rdbuf();
  return CasesOf(text.str()).value();
}

Json ACase() { return Cases("profile_vectors.json")[9]; }

TEST(VectorsTest, ADifferenceIsNamed) {
  Json json = ACase();
  EXPECT_THAT(Differences(ReadCase(json).value()), IsEmpty());
  json["expect"]["key"][0][0] = 5;
  json["expect"]["profiles"][1][0][0]["max"] = 9;
  json["expect"]["profile_keys"].erase(0);
  json["expect"]["hit_after_tuning"] = false;
  EXPECT_THAT(Differences(ReadCase(json).value()),
              ElementsAre(HasSubstr("profiles[1] is"), "profile_keys: 2, expected 1",
                          HasSubstr("profile_keys[0] is [[2,8],[-1,1],[1,-1]]"),
                          "key is [[4,8],[-1,1],[1,-1]], expected [[5,8],[-1,1],[1,-1]]",
                          "hit_after_tuning is true, expected false"));
}

TEST(VectorsTest, AConstraintWithoutAValueIsADifference) {
  Json json = ACase();
  json["constraints"][0]["expr"] = "shapes[0][0]//0";
  EXPECT_THAT(Differences(ReadCase(json).value()),
              ElementsAre("no profiles: constraints[0].infer threw: division by 0"));
}

TEST(VectorsTest, WhatCannotBeReadIsNamed) {
  const auto message = [](auto spoil) {
    Json json = ACase();
    spoil(json);
    return ReadCase(json).error().message;
  };
  EXPECT_EQ(message([](Json& c) { c.erase("tune_max"); }), "tune_max is missing");
  EXPECT_THAT(message([](Json& c) { c["shapes"][0][1] = -4; }),
              HasSubstr("shapes[0][1] is -4; must be a whole number from 0"));
  EXPECT_THAT(message([](Json& c) { c["shapes"][0][1] = 2.5; }), HasSubstr("shapes[0][1] is 2.5"));
  EXPECT_THAT(message([](Json& c) { c["dynamic"][0]["map"]["kind"] = "half"; }),
              HasSubstr("dynamic[0].map.kind is \"half\"; identity, next_power_of_2"));
  EXPECT_THAT(message([](Json& c) { c["dynamic"][0]["buckets"] = 3; }),
              HasSubstr("dynamic[0].buckets is not an object"));
  EXPECT_THAT(message([](Json& c) { c["constraints"][1]["expr"] = "shapes["; }),
              HasSubstr("constraints[1].expr 'shapes[': "));
  EXPECT_THAT(message([](Json& c) { c["expect"]["profiles"] = true; }),
              HasSubstr("expect.profiles is not a list"));
}

TEST(VectorsTest, AFileOfAnotherFormatIsRefused) {
  EXPECT_THAT(CasesOf("{\"cases\": [").error().message, HasSubstr("not JSON"));
  EXPECT_THAT(CasesOf("[]").error().message, HasSubstr("no list 'cases'"));
  EXPECT_THAT(CasesOf("{\"cases\": [], \"format\": 2}").error().message, HasSubstr("is 2"));
}

// Tunes all profiles of the case in a real cache and asks it what the vectors ask.
void CheckChoices(const VectorCase& expected) {
  SCOPED_TRACE(expected.name);
  Cache cache;
  cache.SetEnvironments(tactic::testing::Environments());
  OpSpec spec = expected.spec;
  spec.op = "gemm";
  spec.runners = {tactic::testing::kBlocked};
  const OpHandle op = cache.Register(spec).value();
  const auto problems = op.Profiles(expected.shapes);
  if (!problems.ok()) return;  // A size that is inferred below 0 cannot be tuned.
  std::vector<Decision> decisions;
  for (const Problem& problem : *problems) {
    decisions.push_back(tactic::testing::DecisionFor(problem, decisions.size() + 1, 1));
  }
  cache.Replace(decisions);
  const auto hits = [&](const Shapes& shapes) {
    return op.ChooseOne(std::vector<Shape>(shapes.begin(), shapes.end())).hit;
  };
  EXPECT_EQ(hits(expected.shapes), expected.hit_after_tuning);
  for (const Lookup& lookup : expected.lookups) {
    EXPECT_EQ(hits(lookup.shapes), lookup.hit) << Json(lookup.shapes).dump();
  }
}

TEST(VectorsTest, ChooseOneHitsWhereTheVectorsSaySo) {
  for (const Json& json : Cases("profile_vectors.json")) CheckChoices(ReadCase(json).value());
}

}  // namespace
}  // namespace tactic::tools
