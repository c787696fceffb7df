#include "client/interop/tactics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tactic::interop {
namespace {

using testing::ErrorIs;
using testing::IsOkAndHolds;

Result<Tactic> Take(const char* literal) { return ToTactic(*ParsePythonLiteral(literal)); }

TEST(Tactics, EachFormBecomesNamedParameters) {
  EXPECT_THAT(Take("-1"), IsOkAndHolds(Tactic()));
  EXPECT_THAT(Take("5"), IsOkAndHolds(Tactic{{"tactic", int64_t{5}}}));
  EXPECT_THAT(Take("-2"), IsOkAndHolds(Tactic{{"tactic", int64_t{-2}}}));
  EXPECT_THAT(Take("True"), IsOkAndHolds(Tactic{{"tactic", true}}));
  EXPECT_THAT(Take("2.5"), IsOkAndHolds(Tactic{{"tactic", 2.5}}));
  EXPECT_THAT(Take("'name'"), IsOkAndHolds(Tactic{{"tactic", std::string("name")}}));
  EXPECT_THAT(Take("{'tile': 128, 'split': True}"),
              IsOkAndHolds(Tactic{{"split", true}, {"tile", int64_t{128}}}));
  EXPECT_THAT(Take("[1, [2]]"),
              IsOkAndHolds(Tactic{{"tactic", ValueList{{int64_t{1}, ValueList{{int64_t{2}}}}}}}));
  EXPECT_THAT(Take("{'tile': [64, 2], 'deep': {'a': 1}}"),
              IsOkAndHolds(Tactic{{"deep", Parameters{{"a", int64_t{1}}}},
                                  {"tile", ValueList{{int64_t{64}, int64_t{2}}}}}));
  EXPECT_THAT(Take("(1, (2, 3))"), IsOkAndHolds(Tactic{{"literal", std::string("(1, (2, 3))")}}));
  EXPECT_THAT(Take("{'a': (1,)}"), IsOkAndHolds(Tactic{{"literal", std::string("{'a': (1,)}")}}));
  EXPECT_THAT(Take("{1: 2}"), IsOkAndHolds(Tactic{{"literal", std::string("{1: 2}")}}));
  EXPECT_THAT(Take("{'no name': 2}"),
              IsOkAndHolds(Tactic{{"literal", std::string("{'no name': 2}")}}));
  EXPECT_THAT(Take("None"), IsOkAndHolds(Tactic{{"literal", std::string("None")}}));
}

TEST(Tactics, TheWayBackGivesTheSame) {
  for (const char* literal : {"-1",
                              "5",
                              "0",
                              "True",
                              "2.5",
                              "'name'",
                              "''",
                              "'a\\nb'",
                              "(1, (2, 3))",
                              "[1, [2]]",
                              "()",
                              "None",
                              "{}",
                              "{'split': True, 'tile': 128}",
                              "{'tactic': 5}",
                              "{'literal': '(1,)'}",
                              "{'tactic': 5, 'x': 1}",
                              "{1: 2}",
                              "[]",
                              "{'a': {'b': [1, []]}}",
                              "{'a': {}}",
                              "{'a': {'b': [1, None]}}"}) {
    const PyValue theirs = *ParsePythonLiteral(literal);
    const auto ours = ToTactic(theirs);
    ASSERT_TRUE(ours.ok()) << literal;
    EXPECT_EQ(ToPythonLiteral(FromTactic(*ours)), literal);
    EXPECT_TRUE(FromTactic(*ours) == theirs) << literal;
  }
}

TEST(Tactics, WhatIsTooLongIsRefused) {
  std::string items;
  for (int i = 0; i < 200; ++i) items += "1, ";
  EXPECT_THAT(Take(("(" + items + ")").c_str()), ErrorIs(ErrorCode::kInvalidArgument));
}

TEST(Tactics, AParameterCalledLiteralThatIsNoneIsADict) {
  const Tactic ours{{"literal", std::string("not python")}};
  EXPECT_EQ(ToPythonLiteral(FromTactic(ours)), "{'literal': 'not python'}");
}

}  // namespace
}  // namespace tactic::interop
