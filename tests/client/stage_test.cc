// When a table moves, and to what exactly: pinned, held, advanced, adopted by a group.
#include "client/link/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/client/gemm_op.h"
#include "tests/support/ban_samples.h"

namespace tactic::link {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;

const TablePosition kNowhere;

class StageTest : public ::testing::Test {
 protected:
  StageTest() : op_(cache_.Register(GemmSpec()).value()) {}

  static TablePosition At(uint64_t revision, std::string store = "s") { return {store, revision}; }
  // The decision of this revision, for the key whose m is `m`.
  static Decision Change(int64_t m, uint64_t revision) {
    return DecisionFor(GemmOf(m), revision, revision);
  }
  // The stream begins: m = 1 at revision 1, m = 2 at revision 2.
  void Begin(const std::string& store = "s") {
    stage_.SetFacts({Environments(), {}});
    stage_.BeginSnapshot();
    stage_.AddToSnapshot({Change(1, 1), Change(2, 2)});
    stage_.CommitSnapshot(At(2, store));
  }
  void Send(int64_t m, uint64_t revision) { stage_.Apply({Change(m, revision)}, At(revision)); }
  // The decision that answers for m; 0: none.
  uint64_t IdOf(int64_t m) const { return op_.ChooseOne({{m, 64}, {64, 32}}).decision_id; }
  std::vector<uint64_t> Answers() const { return {IdOf(1), IdOf(2), IdOf(4)}; }
  ErrorCode CodeOf(const TablePosition& to) {
    const Check check = stage_.Advance(to);
    return check.ok() ? ErrorCode::kInternal : check.error().code;
  }

  Cache cache_;
  OpHandle op_;
  Stage stage_{cache_, /*most_kept=*/4};
};

using Ids = std::vector<uint64_t>;

TEST_F(StageTest, FollowsTheStream) {
  EXPECT_EQ(stage_.Position(), kNowhere);
  Begin();
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  EXPECT_EQ(stage_.Position(), At(2));
  Send(1, 3);
  EXPECT_EQ(Answers(), (Ids{3, 2, 0}));
  EXPECT_EQ(stage_.Position(), At(3));
}

TEST_F(StageTest, BansHoldAtOnceAlsoWherePinnedOrHeld) {
  Begin();
  const auto runner_of = [this](int64_t m) { return op_.ChooseOne({{m, 64}, {64, 32}}).runner; };
  const auto winner_of = [](int64_t id) {
    return testing::BanOf(Candidate{testing::kBlocked, testing::TacticOf(id)});
  };
  stage_.Pin();
  stage_.SetBans({winner_of(1)});
  EXPECT_EQ(runner_of(1), 1);
  EXPECT_EQ(IdOf(1), 1u) << "of the same decision";
  EXPECT_EQ(stage_.Position(), At(2)) << "the table has not moved";
  stage_.Hold();
  stage_.SetBans({winner_of(2)});
  EXPECT_EQ(runner_of(1), 0);
  EXPECT_EQ(runner_of(2), 1);
  Send(1, 3);
  stage_.SetBans({winner_of(2), winner_of(3)});
  EXPECT_TRUE(stage_.Release());
  ASSERT_TRUE(stage_.Advance(At(3)).ok());
  EXPECT_EQ(runner_of(1), 1) << "of what was staged, too";
}

TEST_F(StageTest, PinnedItMovesWhenItIsToldAndExactlySoFar) {
  Begin();
  EXPECT_EQ(stage_.Pin(), At(2));
  Send(1, 3);
  Send(4, 4);
  Send(1, 5);
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  EXPECT_EQ(stage_.Position(), At(2));
  EXPECT_EQ(stage_.Newest(), At(5));
  ASSERT_TRUE(stage_.Advance(At(4)).ok());
  EXPECT_EQ(Answers(), (Ids{3, 2, 4}));
  EXPECT_EQ(stage_.Position(), At(4));
  EXPECT_TRUE(stage_.Advance(At(4)).ok());  // Where it is.
  ASSERT_TRUE(stage_.Advance(At(5)).ok());
  EXPECT_EQ(Answers(), (Ids{5, 2, 4}));
}

TEST_F(StageTest, AnAdvanceThatCannotBeExactChangesNothing) {
  Begin();
  EXPECT_EQ(CodeOf(At(2)), ErrorCode::kFailedPrecondition);  // Not pinned.
  stage_.Pin();
  Send(1, 3);
  EXPECT_EQ(CodeOf(At(1)), ErrorCode::kInvalidArgument);  // Older.
  EXPECT_EQ(CodeOf(At(4)), ErrorCode::kUnavailable);      // Not here yet.
  EXPECT_EQ(CodeOf(At(3, "t")), ErrorCode::kFailedPrecondition);
  Send(4, 5);  // 4 was superseded before it was sent, by 5 or by what is to come.
  EXPECT_EQ(CodeOf(At(4)), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf(At(5)), ErrorCode::kUnavailable);
  EXPECT_EQ(stage_.Newest(), At(3));
  stage_.Rest(At(5));
  EXPECT_EQ(CodeOf(At(4)), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(stage_.Advance(At(4)).error().message, HasSubstr("was passed over"));
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  ASSERT_TRUE(stage_.Advance(At(5)).ok());
  EXPECT_EQ(Answers(), (Ids{3, 2, 5}));
}

TEST_F(StageTest, ATableInTheMiddleOfAChangeIsNowhereExactly) {
  Begin();
  stage_.Apply({Change(4, 4)}, At(4));
  EXPECT_EQ(stage_.Pin(), kNowhere);
  EXPECT_EQ(CodeOf(kNowhere), ErrorCode::kFailedPrecondition);
  Send(1, 5);
  stage_.Rest(At(5));
  ASSERT_TRUE(stage_.Advance(At(5)).ok());
  EXPECT_EQ(Answers(), (Ids{5, 2, 4}));
}

TEST_F(StageTest, UnpinnedItCatchesUp) {
  Begin();
  stage_.Pin();
  Send(1, 3);
  Send(4, 4);
  EXPECT_TRUE(stage_.Unpin());
  EXPECT_EQ(Answers(), (Ids{3, 2, 4}));
  EXPECT_EQ(stage_.Position(), At(4));
  Send(2, 5);
  EXPECT_EQ(Answers(), (Ids{3, 5, 4}));
}

TEST_F(StageTest, ASnapshotOfAnotherStoreWaitsWithAllThatFollows) {
  Begin();
  stage_.Pin();
  Send(4, 3);
  stage_.BeginSnapshot();
  stage_.AddToSnapshot({Change(1, 7)});
  EXPECT_EQ(CodeOf(At(3)), ErrorCode::kFailedPrecondition);
  stage_.CommitSnapshot(At(7, "t"));
  stage_.Apply({Change(2, 8)}, At(8, "t"));
  stage_.Apply({Change(2, 9)}, At(9, "t"));
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  EXPECT_EQ(CodeOf(At(3)), ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(stage_.Advance(At(8, "t")).ok());
  EXPECT_EQ(Answers(), (Ids{7, 8, 0}));
  ASSERT_TRUE(stage_.Advance(At(9, "t")).ok());
  EXPECT_EQ(Answers(), (Ids{7, 9, 0}));
}

TEST_F(StageTest, BeyondItsRoomOnlyTheLastOfEachKeyIsKept) {
  Begin();
  stage_.Pin();
  for (uint64_t revision = 3; revision <= 7; ++revision) Send(1, revision);
  EXPECT_EQ(CodeOf(At(5)), ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(stage_.Advance(At(7)).ok());
  EXPECT_EQ(Answers(), (Ids{7, 2, 0}));
}

TEST_F(StageTest, EnvironmentsMoveWithTheTable) {
  Begin();
  stage_.Pin();
  stage_.SetFacts({});
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  Send(1, 3);
  ASSERT_TRUE(stage_.Advance(At(3)).ok());
  EXPECT_EQ(Answers(), (Ids{0, 0, 0}));  // No environment, no answer.
}

TEST_F(StageTest, HeldNothingMoves) {
  Begin();
  stage_.Pin();
  Send(1, 3);
  stage_.Hold();
  stage_.Hold();
  EXPECT_THAT(stage_.Advance(At(3)).error().message, HasSubstr("held"));
  EXPECT_TRUE(stage_.Unpin());
  EXPECT_TRUE(stage_.Release());
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  EXPECT_FALSE(stage_.BeginMove());
  EXPECT_TRUE(stage_.Release());
  EXPECT_EQ(Answers(), (Ids{3, 2, 0}));
}

TEST_F(StageTest, AHoldWaitsForAMove) {
  Begin();
  ASSERT_TRUE(stage_.EnterGroup());
  ASSERT_TRUE(stage_.BeginMove());
  std::thread holder([this] {
    stage_.Hold();
    EXPECT_EQ(IdOf(1), 3u);
  });
  stage_.Adopt({At(3), false, {Change(1, 3)}});
  stage_.EndMove();
  holder.join();
  EXPECT_FALSE(stage_.BeginMove());
}

TEST_F(StageTest, OneGroupOwnsTheTable) {
  Begin();
  ASSERT_TRUE(stage_.EnterGroup());
  EXPECT_FALSE(stage_.EnterGroup());
  Send(1, 3);
  stage_.Pin();
  EXPECT_THAT(stage_.Advance(At(3)).error().message, HasSubstr("only Group::Agree"));
  EXPECT_TRUE(stage_.Unpin());
  EXPECT_EQ(Answers(), (Ids{1, 2, 0}));
  EXPECT_TRUE(stage_.LeaveGroup());
  EXPECT_EQ(Answers(), (Ids{3, 2, 0}));
}

TEST_F(StageTest, AGroupIsAheadOfTheStreamOrBehindIt) {
  Begin();
  ASSERT_TRUE(stage_.EnterGroup());
  stage_.Adopt({At(4), false, {Change(1, 3), Change(4, 4)}});
  EXPECT_EQ(Answers(), (Ids{3, 2, 4}));
  Send(1, 3);
  Send(4, 4);
  Send(2, 5);
  Send(2, 6);
  EXPECT_EQ(stage_.Newest(), At(6));
  stage_.Adopt({At(5), false, {Change(2, 5)}});
  EXPECT_EQ(Answers(), (Ids{3, 5, 4}));
  EXPECT_EQ(stage_.Position(), At(5));
  EXPECT_TRUE(stage_.LeaveGroup());
  EXPECT_EQ(Answers(), (Ids{3, 6, 4}));
  EXPECT_EQ(stage_.Position(), At(6));
}

TEST_F(StageTest, LeavingWhileTheStreamIsBehindGoesNotBack) {
  Begin();
  ASSERT_TRUE(stage_.EnterGroup());
  stage_.Adopt({At(4), false, {Change(1, 3), Change(4, 4)}});
  EXPECT_TRUE(stage_.LeaveGroup());
  EXPECT_EQ(stage_.Position(), At(4));
  Send(1, 3);
  EXPECT_EQ(Answers(), (Ids{3, 2, 4}));
  EXPECT_EQ(stage_.Position(), At(4));
  Send(4, 4);
  Send(1, 5);
  EXPECT_EQ(stage_.Position(), At(5));
}

TEST_F(StageTest, AfterAnotherStoresCutTheStreamStartsOver) {
  Begin();
  ASSERT_TRUE(stage_.EnterGroup());
  stage_.Adopt({At(9, "t"), true, {Change(4, 9)}});
  EXPECT_EQ(Answers(), (Ids{0, 0, 9}));
  Send(1, 3);
  EXPECT_FALSE(stage_.LeaveGroup());
  Send(1, 4);  // Of the stream that is being ended: not mixed with the other store's.
  EXPECT_EQ(Answers(), (Ids{0, 0, 9}));
  stage_.BeginSnapshot();
  stage_.AddToSnapshot({Change(1, 4), Change(2, 2)});
  stage_.CommitSnapshot(At(4));
  EXPECT_EQ(Answers(), (Ids{4, 2, 0}));
  EXPECT_EQ(stage_.Position(), At(4));
}

TEST_F(StageTest, AGroupMayBeThereBeforeTheDaemon) {
  ASSERT_TRUE(stage_.EnterGroup());
  Begin();
  EXPECT_EQ(Answers(), (Ids{0, 0, 0}));
  stage_.Adopt({At(3), true, {Change(1, 3), Change(2, 2)}});
  EXPECT_EQ(Answers(), (Ids{3, 2, 0}));
  Send(1, 3);
  Send(4, 4);
  EXPECT_TRUE(stage_.LeaveGroup());
  EXPECT_EQ(Answers(), (Ids{3, 2, 4}));
}

}  // namespace
}  // namespace tactic::link
