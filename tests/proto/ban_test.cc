#include "tactic/model/ban.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(BanTest, CoversWhatItSays) {
  const Candidate candidate = SampleCandidate(1);
  const auto covers = [&](const Ban& ban, std::string_view op) {
    return FindBan({&ban, 1}, op, candidate) != nullptr;
  };
  EXPECT_TRUE(covers(BanOf(candidate), "gemm"));
  EXPECT_TRUE(covers(BanOf(candidate, "gemm"), "gemm"));
  EXPECT_FALSE(covers(BanOf(candidate, "gemm"), "softmax"));
  EXPECT_TRUE(covers(BanOf(candidate.runner), "gemm"));
  EXPECT_FALSE(covers(BanOf(SampleCandidate(2)), "gemm"));
  EXPECT_FALSE(covers(BanOf(SampleCandidate(0)), "gemm")) << "the default is a tactic of its own";
  EXPECT_FALSE(covers(BanOf(RunnerId{candidate.runner.name, "2"}), "gemm"));
}

TEST(BanTest, OfOneOpAreThoseOfEveryOpToo) {
  const std::vector<Ban> bans = {BanOf(SampleCandidate(1), "gemm"),
                                 BanOf(SampleCandidate(2), "softmax"), BanOf(SampleCandidate(3))};
  const OpBans of_gemm(bans, "gemm");
  EXPECT_THAT(of_gemm.all(), ElementsAre(bans[0], bans[2]));
  EXPECT_EQ(*of_gemm.Find(SampleCandidate(1)), bans[0]);
  EXPECT_EQ(of_gemm.Find(SampleCandidate(2)), nullptr);
  EXPECT_EQ(*of_gemm.Find(SampleCandidate(3)), bans[2]);
}

TEST(BanTest, LeavesARankingWithoutWhatIsBanned) {
  const Decision decision = SampleDecision();
  ASSERT_THAT(decision.ranking, SizeIs(2));
  const std::vector<Ban> first = {BanOf(decision.ranking[0].candidate)};
  const std::vector<Ban> both = {first[0], BanOf(decision.ranking[1].candidate.runner)};
  EXPECT_FALSE(RanksBanned({}, decision));
  EXPECT_TRUE(RanksBanned(first, decision));
  Decision left = decision;
  left.ranking.erase(left.ranking.begin());
  EXPECT_EQ(WithoutBanned(first, decision), left);
  EXPECT_EQ(WithoutBanned(both, decision), std::nullopt);
  EXPECT_EQ(WithoutBanned({}, decision), decision);
}

TEST(BanTest, IsTheSameWhateverItsReason) {
  Ban ban = BanOf(SampleCandidate(1));
  Ban other = ban;
  other.reason = "another";
  EXPECT_TRUE(SameBan(ban, other));
  other.op = "gemm";
  EXPECT_FALSE(SameBan(ban, other));
  EXPECT_FALSE(SameBan(BanOf(SampleCandidate(0)), BanOf(SampleCandidate(0).runner)));
}

TEST(BanTest, ReadsAsPeopleExpect) {
  EXPECT_EQ(ToText(BanOf(SampleCandidate(-1).runner, "gemm")),
            "openblas (unique id 0.3.21) of gemm");
  EXPECT_EQ(ToText(BanOf(SampleCandidate(0))), "host_blocked default (unique id 1) of every op");
  EXPECT_EQ(WhyBanned(BanOf(SampleCandidate(0))), "banned: wrong results");
}

TEST(BanTest, ALongTacticIsRefusedWithWhatToDo) {
  Ban ban = BanOf(SampleCandidate(1));
  ban.tactic = Tactic{{"a", std::string(250, 'x')}, {"b", std::string(240, 'x')}};
  EXPECT_TRUE(CheckBan("", ban).ok());
  ban.tactic->Set("c", std::string(20, 'x'));
  const Check check = CheckBan("ban.", ban);
  ASSERT_FALSE(check.ok());
  EXPECT_THAT(check.error().message, HasSubstr("ban.tactic: "));
  EXPECT_THAT(check.error().message, HasSubstr("ban every tactic of the runner"));
}

}  // namespace
}  // namespace tactic::testing
