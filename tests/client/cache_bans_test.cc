// What must not be run does not answer, wherever it came from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"
#include "tests/client/table_file.h"
#include "tests/support/ban_samples.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using testing::BanOf;
using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kBlocked;
using testing::kByHand;
using testing::kOpenBlas;
using ::testing::SizeIs;
using testing::TacticOf;

// The winner of DecisionFor(…, id, …).
Candidate WinnerOf(int64_t id) { return {kBlocked, TacticOf(id)}; }
const Candidate kRunnerUp{kOpenBlas, {}};

class CacheBansTest : public ::testing::Test {
 protected:
  CacheBansTest() { cache_.SetEnvironments(Environments()); }

  OpHandle Register(OpSpec spec = GemmSpec()) { return cache_.Register(std::move(spec)).value(); }
  static Choice Choose(const OpHandle& op, int64_t m) { return op.ChooseOne({{m, 64}, {64, 32}}); }

  Cache cache_;
};

TEST_F(CacheBansTest, TheNextCandidateThatTheCallerCanRunAnswers) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1), DecisionFor(GemmOf(16), 9, 2)});
  cache_.SetBans({BanOf(WinnerOf(7))});
  const Choice choice = Choose(op, 8);
  EXPECT_TRUE(choice.hit);
  EXPECT_EQ(choice.runner, 1);
  EXPECT_EQ(choice.tactic(), Tactic());
  EXPECT_EQ(choice.decision_id, 7u);
  EXPECT_EQ(Choose(op, 16).tactic(), TacticOf(9)) << "another tactic of the same runner";

  cache_.SetBans({});
  EXPECT_EQ(Choose(op, 8).tactic(), TacticOf(7));
}

TEST_F(CacheBansTest, BansOfARunnerAndOfAnOpReachAsFarAsTheySay) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  cache_.SetBans({BanOf(kBlocked, "softmax"), BanOf(RunnerId{kBlocked.name, "2"}),
                  BanOf(Candidate{kBlocked, {}})});
  EXPECT_EQ(Choose(op, 8).runner, 0) << "another op, another version, another tactic";
  cache_.SetBans({BanOf(kBlocked, "gemm")});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  cache_.SetBans({BanOf(kBlocked)});
  EXPECT_EQ(Choose(op, 8).runner, 1);
}

TEST_F(CacheBansTest, WhereNothingIsLeftItIsAMissToBeTunedAnew) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  cache_.SetBans({BanOf(WinnerOf(7)), BanOf(kOpenBlas)});
  const Choice choice = Choose(op, 8);
  EXPECT_FALSE(choice.hit);
  EXPECT_EQ(choice.runner, 0);
  EXPECT_EQ(choice.tactic(), Tactic());
  EXPECT_EQ(cache_.Statistics().misses, 1u);
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(1));
  const auto missing = [&] { return op.MissingProfiles({{8, 64}, {64, 32}})->size(); };
  const size_t with_bans = missing();
  EXPECT_THAT(cache_.Prime(op).value(), IsEmpty());
  cache_.SetBans({});
  EXPECT_EQ(missing() + 1, with_bans);
}

TEST_F(CacheBansTest, ACallerThatHasOnlyWhatIsBannedFallsBackWithoutAMiss) {
  const OpHandle op = Register(GemmSpec({kBlocked}));
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  cache_.SetBans({BanOf(WinnerOf(7))});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_EQ(cache_.Statistics().not_runnable, 1u) << "others are answered";
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

TEST_F(CacheBansTest, TheFallbackIsWhatTheCallerRunsAlsoIfItIsBanned) {
  const OpHandle op = Register();
  cache_.SetBans({BanOf(kBlocked)});
  const Choice choice = Choose(op, 8);
  EXPECT_FALSE(choice.hit);
  EXPECT_EQ(choice.runner, 0);
}

TEST_F(CacheBansTest, BansHoldForOpsAndDecisionsThatComeLater) {
  cache_.SetBans({BanOf(WinnerOf(7)), BanOf(WinnerOf(8)), BanOf(WinnerOf(9))});
  const OpHandle op = Register();
  cache_.Apply({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  cache_.Replace({DecisionFor(GemmOf(8), 8, 2)});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  cache_.BeginSnapshot();
  cache_.AddToSnapshot({DecisionFor(GemmOf(8), 9, 3)});
  cache_.CommitSnapshot();
  EXPECT_EQ(Choose(op, 8).runner, 1);
}

// The entry of the decision that it supersedes must not go on answering.
TEST_F(CacheBansTest, ANewDecisionOfWhichAllIsBannedWithdrawsTheOneBefore) {
  const OpHandle op = Register();
  cache_.SetBans({BanOf(WinnerOf(9)), BanOf(kOpenBlas)});
  cache_.Apply({DecisionFor(GemmOf(8), 7, 1), DecisionFor(GemmOf(16), 8, 2)});
  ASSERT_TRUE(Choose(op, 8).hit);
  cache_.Apply({DecisionFor(GemmOf(8), 9, 3)});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_TRUE(Choose(op, 16).hit);
  cache_.SetBans({});
  EXPECT_EQ(Choose(op, 8).decision_id, 9u);
}

TEST_F(CacheBansTest, PrimeListsWhatAnswers) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  cache_.SetBans({BanOf(WinnerOf(7))});
  const auto primed = cache_.Prime(op).value();
  ASSERT_THAT(primed, SizeIs(1));
  EXPECT_EQ(primed[0].choice.runner, 1);
}

TEST_F(CacheBansTest, ABanOfThisProcessStaysWhateverTheDaemonSays) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  ASSERT_TRUE(cache_.BanHere(BanOf(WinnerOf(7))).ok());
  EXPECT_EQ(Choose(op, 8).runner, 1);
  cache_.SetBans({BanOf(WinnerOf(1))});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  EXPECT_THAT(cache_.Bans(), SizeIs(2));
  cache_.SetBans({});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  Ban again = BanOf(WinnerOf(7));
  again.reason = "another";
  ASSERT_TRUE(cache_.BanHere(again).ok());
  EXPECT_THAT(cache_.Bans(), ::testing::ElementsAre(again));
  again.reason = "";
  const Check refused = cache_.BanHere(again);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("ban.reason"));
}

TEST_F(CacheBansTest, TheSameListAgainChangesNothing) {
  const OpHandle op = Register();
  cache_.SetBans({BanOf(WinnerOf(7))});
  Choose(op, 8);
  ASSERT_THAT(cache_.DrainMisses(10), SizeIs(1));
  cache_.SetBans({BanOf(WinnerOf(7))});
  Choose(op, 8);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty()) << "a rebuilt table would be asked for again";
}

TEST_F(CacheBansTest, WhileAllIsSkippedNothingAnswersAndNothingIsMissed) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  cache_.SkipAll(true);
  const OpHandle later = Register(GemmSpec({kOpenBlas}));
  for (const OpHandle& one : {op, later}) {
    EXPECT_FALSE(Choose(one, 8).hit);
    EXPECT_FALSE(Choose(one, 16).hit);
  }
  EXPECT_EQ(cache_.Statistics().skipped, 4u);
  EXPECT_EQ(cache_.Statistics().misses, 0u);
  cache_.SkipAll(false);
  EXPECT_TRUE(Choose(op, 8).hit);
  EXPECT_TRUE(Choose(later, 8).hit);
}

class TableFileBansTest : public ::testing::Test {
 protected:
  TableFileBansTest() : op_(cache_.Register(GemmSpec()).value()) {
    testing::PublishTable(
        path_, testing::TableImage({DecisionFor(GemmOf(8), 7, 1), DecisionFor(GemmOf(16), 9, 2)},
                                   testing::TableFacts(2)));
    EXPECT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  }
  Choice Choose(int64_t m) const { return op_.ChooseOne({{m, 64}, {64, 32}}); }

  testing::TempDir directory_;
  const std::string path_ = directory_ / "tacticd.table";
  Cache cache_;
  OpHandle op_;
};

TEST_F(TableFileBansTest, WhatIsBannedDoesNotAnswerFromAFile) {
  ASSERT_EQ(Choose(8).tactic(), TacticOf(7));
  cache_.SetBans({BanOf(WinnerOf(7))});
  EXPECT_EQ(Choose(8).runner, 1);
  EXPECT_EQ(Choose(16).tactic(), TacticOf(9));
  ASSERT_TRUE(cache_.BanHere(BanOf(kBlocked)).ok());
  EXPECT_EQ(Choose(16).runner, 1);
  ASSERT_TRUE(cache_.BanHere(BanOf(kOpenBlas)).ok());
  EXPECT_FALSE(Choose(8).hit);
  EXPECT_EQ(Choose(8).runner, 0);
  EXPECT_EQ(cache_.Statistics().not_runnable, 2u);
}

TEST_F(TableFileBansTest, AlsoFromTheNextFile) {
  cache_.SetBans({BanOf(WinnerOf(7))});
  testing::PublishTable(
      path_, testing::TableImage({DecisionFor(GemmOf(8), 7, 1)}, testing::TableFacts(3)));
  ASSERT_TRUE(cache_.RefreshTable());
  EXPECT_EQ(Choose(8).runner, 1);
  cache_.SetBans({});
  EXPECT_EQ(Choose(8).tactic(), TacticOf(7));
}

}  // namespace
}  // namespace tactic
