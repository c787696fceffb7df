// The part of the suite that is about bans.
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/conformance/store_conformance.h"
#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

}  // namespace

std::vector<Ban> StoreConformance::Bans() {
  uint64_t damaged = 0;
  auto bans = store().LoadBans(damaged);
  EXPECT_THAT(bans, IsOk());
  EXPECT_EQ(damaged, 0u);
  return bans.ok() ? *bans : std::vector<Ban>();
}

TEST_P(StoreConformance, BansComeBackInTheOrderInWhichTheyWereMade) {
  // The default tactic, every tactic, one tactic; of one op and of every op: each another ban.
  const Ban tactic = BanOf(SampleCandidate(3));
  const Ban tactic_of_op = BanOf(SampleCandidate(3), "gemm");
  const Ban by_default = BanOf(SampleCandidate(0));
  const Ban runner = BanOf(SampleCandidate(0).runner);
  const Ban runner_of_op = BanOf(SampleCandidate(0).runner, "gemm");
  Ban version = runner;
  version.runner.unique_id = "2";
  const std::vector<Ban> all = {tactic, tactic_of_op, by_default, runner, runner_of_op, version};
  for (const Ban& ban : all) ASSERT_THAT(store().PutBan(ban), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Bans(), all);
    Reopen();
  }
  EXPECT_EQ(store().Info().revision, 0u);
}

TEST_P(StoreConformance, BanningAgainReplacesTheReasonInItsPlace) {
  Ban first = BanOf(SampleCandidate(1));
  const Ban second = BanOf(SampleCandidate(2));
  ASSERT_THAT(store().PutBan(first), IsOk());
  ASSERT_THAT(store().PutBan(second), IsOk());
  first.reason = "crashes since the driver's update";
  first.client = "another";
  first.created_unix_ms = 7;
  ASSERT_THAT(store().PutBan(first), IsOk());
  Reopen();
  EXPECT_THAT(Bans(), ElementsAre(first, second));
}

TEST_P(StoreConformance, OnlyTheBanOfTheSameIdentityIsRemoved) {
  const Ban runner = BanOf(SampleCandidate(0).runner);
  const Ban by_default = BanOf(SampleCandidate(0));
  const Ban of_op = BanOf(SampleCandidate(0), "gemm");
  for (const Ban& ban : {runner, by_default, of_op}) ASSERT_THAT(store().PutBan(ban), IsOk());
  Ban asked = by_default;
  asked.reason = "";
  EXPECT_THAT(store().RemoveBan(asked), IsOkAndHolds(true));
  EXPECT_THAT(store().RemoveBan(asked), IsOkAndHolds(false));
  Reopen();
  EXPECT_THAT(Bans(), ElementsAre(runner, of_op));
  ASSERT_THAT(store().PutBan(by_default), IsOk());
  EXPECT_THAT(Bans(), ElementsAre(runner, of_op, by_default));
}

TEST_P(StoreConformance, BansAreBoundedAndRefusedWithAReason) {
  std::vector<Ban> all;
  for (int i = 0; i < static_cast<int>(limits::kBans); ++i) {
    all.push_back(BanOf(SampleCandidate(1 + i)));
    ASSERT_THAT(store().PutBan(all.back()), IsOk());
  }
  EXPECT_THAT(store().PutBan(BanOf(SampleCandidate(0))),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1024")));
  all.back().reason = "another";  // The same ban needs no room.
  EXPECT_THAT(store().PutBan(all.back()), IsOk());
  Reopen();
  EXPECT_EQ(Bans(), all);
  ASSERT_THAT(store().RemoveBan(all.front()), IsOkAndHolds(true));
  EXPECT_THAT(store().PutBan(BanOf(SampleCandidate(0))), IsOk());
  EXPECT_THAT(Bans(), SizeIs(limits::kBans));
}

TEST_P(StoreConformance, MalformedBansAreRefused) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const Ban good = BanOf(SampleCandidate(1), "gemm");
  Ban bad = good;
  bad.reason = "";
  EXPECT_THAT(store().PutBan(bad), StatusIs(kInvalid, HasSubstr("ban.reason")));
  bad.reason = std::string(257, 'x');
  EXPECT_THAT(store().PutBan(bad), StatusIs(kInvalid, HasSubstr("257 bytes")));
  bad = good;
  bad.op = "no name";
  EXPECT_THAT(store().PutBan(bad), StatusIs(kInvalid, HasSubstr("ban.op")));
  bad = good;
  bad.runner.name = "";
  EXPECT_THAT(store().PutBan(bad), StatusIs(kInvalid, HasSubstr("ban.runner.name")));
  bad = good;
  bad.tactic->Set("text", std::string(250, 'x'));
  bad.tactic->Set("more", std::string(250, 'x'));
  EXPECT_THAT(store().PutBan(bad), StatusIs(kInvalid, HasSubstr("ban.tactic")));
  EXPECT_THAT(Bans(), IsEmpty());
}

}  // namespace tactic::testing
