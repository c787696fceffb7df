#include "tactic/sdk/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tactic::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Value> UpTo(int64_t last) {
  std::vector<Value> values;
  for (int64_t i = 0; i <= last; ++i) values.emplace_back(i);
  return values;
}

std::vector<std::string> Texts(const std::vector<Tactic>& tactics) {
  std::vector<std::string> texts;
  for (const Tactic& tactic : tactics) texts.push_back(tactic.ToText());
  return texts;
}

TEST(TacticSpace, TheMostPromisingComeFirst) {
  const TacticSpace space =
      TacticSpace().Add("tile", {int64_t{128}, int64_t{64}, int64_t{256}}).Add("swap", UpTo(1));
  EXPECT_THAT(Texts(space.Tactics()),
              ElementsAre("swap=0 tile=128", "swap=1 tile=128", "swap=0 tile=64", "swap=1 tile=64",
                          "swap=0 tile=256", "swap=1 tile=256"));
  EXPECT_THAT(Texts(space.Tactics(2)), ElementsAre("swap=0 tile=128", "swap=1 tile=128"));
}

TEST(TacticSpace, EachCombinationOnceThatAllConstraintsAllow) {
  const std::vector<Tactic> tactics =
      TacticSpace()
          .Add("a", UpTo(5))
          .Add("b", UpTo(4))
          .Add("c", UpTo(3))
          .Require([](const Tactic& t) { return t.IntOr("a", -1) >= t.IntOr("b", -1); })
          .Require([](const Tactic& t) { return t.IntOr("c", -1) != 2; })
          .Tactics();
  std::set<std::string> seen;
  for (const Tactic& tactic : tactics) {
    EXPECT_THAT(tactic.items(), SizeIs(3));
    EXPECT_GE(tactic.IntOr("a", -1), tactic.IntOr("b", -1));
    EXPECT_NE(tactic.IntOr("c", -1), 2);
    EXPECT_TRUE(seen.insert(tactic.ToText()).second);
  }
  EXPECT_THAT(tactics, SizeIs((1 + 2 + 3 + 4 + 5 + 5) * 3));
}

TEST(TacticSpace, IsEmptyWithoutParametersOrValues) {
  EXPECT_THAT(TacticSpace().Tactics(), IsEmpty());
  EXPECT_THAT(TacticSpace().Add("a", {}).Add("b", UpTo(3)).Tactics(), IsEmpty());
}

TEST(TacticSpace, GivesUpOnConstraintsThatAllowNothing) {
  TacticSpace space;
  for (int i = 0; i < 12; ++i) space.Add("p" + std::to_string(i), UpTo(9));  // 10^12.
  int64_t asked = 0;
  space.Require([&](const Tactic&) { return ++asked < 0; });
  EXPECT_THAT(space.Tactics(), IsEmpty());
  EXPECT_EQ(asked, 1'000'000);
}

}  // namespace
}  // namespace tactic::sdk
