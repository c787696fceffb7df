// Capturing calls of ChooseOne and replaying them with candidates forced.
#include "tactic/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <set>

#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using ::testing::ElementsAre;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kBlocked;
using testing::kOpenBlas;
using ::testing::SizeIs;
using testing::TacticOf;

OpSpec SoftmaxSpec() {
  OpSpec spec;
  spec.op = "softmax";
  spec.inputs = {{}};
  spec.runners = {{"host_softmax", "1"}};
  return spec;
}

class CaptureTest : public ::testing::Test {
 protected:
  CaptureTest()
      : gemm_(cache_.Register(GemmSpec()).value()),
        softmax_(cache_.Register(SoftmaxSpec()).value()) {
    cache_.SetEnvironments(Environments());
    cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  }
  Choice Gemm(int64_t m = 8) { return gemm_.ChooseOne({{m, 64}, {64, 32}}); }
  Choice Softmax() { return softmax_.ChooseOne({{4, 16}}); }

  // Two candidates for gemm, three for softmax.
  static std::vector<ForcedChoice> Candidates(const CapturedCall& call) {
    if (call.op.spec().op == "gemm") return {{0, TacticOf(1)}, {1, {}}};
    return {{0, TacticOf(10)}, {0, TacticOf(11)}, {0, TacticOf(12)}};
  }

  Cache cache_;
  OpHandle gemm_;
  OpHandle softmax_;
};

TEST_F(CaptureTest, RecordsCallsInOrderAndAnswersThemAsUsual) {
  Capture capture(cache_);
  EXPECT_TRUE(Gemm().hit);
  EXPECT_FALSE(Softmax().hit);
  capture.Stop();
  Gemm(16);  // Not any more.
  ASSERT_TRUE(capture.Status().ok());
  ASSERT_THAT(capture.calls(), SizeIs(2));
  EXPECT_EQ(capture.calls()[0].op.spec().op, "gemm");
  EXPECT_EQ(capture.calls()[0].shapes, (Shapes{{8, 64}, {64, 32}}));
  EXPECT_EQ(capture.calls()[1].shapes, (Shapes{{4, 16}}));
  EXPECT_EQ(cache_.Statistics().hits, 1u);
}

TEST_F(CaptureTest, CombinationsAreTheProductWithTheLastCallFastest) {
  Capture capture(cache_);
  Gemm();
  Softmax();
  capture.Stop();
  const CombinationList all = capture.Combinations(Candidates).value();
  ASSERT_EQ(all.size(), 6u);
  std::vector<std::pair<int, int64_t>> seen;
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_THAT(all[i], SizeIs(2));
    seen.emplace_back(all[i][0].runner, all[i][1].tactic.IntOr("kc", 0));
  }
  using Pair = std::pair<int, int64_t>;
  EXPECT_THAT(seen, ElementsAre(Pair(0, 10), Pair(0, 11), Pair(0, 12), Pair(1, 10), Pair(1, 11),
                                Pair(1, 12)));
}

TEST_F(CaptureTest, ACombinationOfOneCallHasOneChoice) {
  Capture capture(cache_);
  Gemm();
  const CombinationList all = capture.Combinations(Candidates).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[1], ElementsAre(ForcedChoice{1, {}}));
}

TEST_F(CaptureTest, ReplayForcesEachCallInItsTurnAndStartsOver) {
  Capture capture(cache_);
  Gemm();
  Softmax();
  capture.Stop();
  const CombinationList all = capture.Combinations(Candidates).value();
  {
    const Replay replay(cache_, capture, all[4]);
    for (int round = 0; round < 3; ++round) {
      const Choice gemm = Gemm(round);  // Other sizes are fine.
      EXPECT_TRUE(gemm.hit);
      EXPECT_EQ(gemm.runner, 1);
      EXPECT_TRUE(gemm.tactic().empty());
      EXPECT_EQ(gemm.decision_id, 0u);
      EXPECT_EQ(Softmax().tactic(), TacticOf(11));
    }
    EXPECT_TRUE(replay.Status().ok());
  }
  EXPECT_EQ(Gemm().decision_id, 7u) << "after the replay the table answers again";
}

TEST_F(CaptureTest, ForcedTacticsLiveAsLongAsTheCache) {
  Capture capture(cache_);
  Gemm();
  capture.Stop();
  Choice kept;
  {
    const Replay replay(cache_, capture, {{0, TacticOf(123)}});
    kept = Gemm();
  }
  EXPECT_EQ(kept.tactic(), TacticOf(123));
}

TEST_F(CaptureTest, AnotherOpInReplayIsAnErrorThatSaysBothNames) {
  Capture capture(cache_);
  Gemm();
  Gemm();
  capture.Stop();
  const Replay replay(cache_, capture, {{0, TacticOf(1)}, {0, TacticOf(2)}});
  EXPECT_EQ(Gemm().tactic(), TacticOf(1));
  EXPECT_FALSE(Softmax().hit) << "the fallback";
  EXPECT_EQ(Gemm().tactic(), TacticOf(2)) << "the turn did not move on";
  const Check status = replay.Status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message,
            "replay: call 1 is of op 'softmax', but op 'gemm' was captured there");
}

TEST_F(CaptureTest, RunnersAreForcedByIdentityNotByPosition) {
  const OpHandle reversed = cache_.Register(GemmSpec({kOpenBlas, kBlocked})).value();
  const OpHandle without = cache_.Register(GemmSpec({{"another", "1"}})).value();
  Capture capture(cache_);
  Gemm();
  capture.Stop();
  const Replay replay(cache_, capture, {{1, {}}});
  EXPECT_EQ(Gemm().runner, 1);
  EXPECT_EQ(reversed.ChooseOne({{8, 64}, {64, 32}}).runner, 0);
  EXPECT_TRUE(replay.Status().ok());
  EXPECT_FALSE(without.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_THAT(replay.Status().error().message, HasSubstr("has no runner 'openblas', id '0.3.21'"));
}

TEST_F(CaptureTest, OneAtATime) {
  Capture first(cache_);
  Capture second(cache_);
  EXPECT_THAT(second.Status().error().message, HasSubstr("another Capture or Replay"));
  Gemm();
  EXPECT_THAT(first.calls(), SizeIs(1));
  EXPECT_THAT(second.calls(), IsEmpty());
  EXPECT_FALSE(second.Combinations(Candidates).ok());
  second.Stop();  // Does not end the first.
  Gemm();
  EXPECT_THAT(first.calls(), SizeIs(2));
  const Replay replay(cache_, first, {{0, {}}, {0, {}}});
  EXPECT_EQ(replay.Status().error().code, ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Gemm().hit);
  EXPECT_THAT(first.calls(), SizeIs(3));
}

TEST_F(CaptureTest, OpsRegisteredMeanwhileAreRecordedToo) {
  Capture capture(cache_);
  const OpHandle late = cache_.Register(GemmSpec({kOpenBlas})).value();
  late.ChooseOne({{8, 64}, {64, 32}});
  EXPECT_THAT(capture.calls(), SizeIs(1));
}

TEST_F(CaptureTest, WhatCannotBeCombinedIsRefusedByName) {
  Capture capture(cache_);
  EXPECT_THAT(capture.Combinations(Candidates).error().message, HasSubstr("nothing was captured"));
  Gemm();
  const auto combine = [&](std::vector<ForcedChoice> choices) {
    return capture.Combinations([&](const CapturedCall&) { return choices; });
  };
  EXPECT_EQ(combine({}).error().message, "call 0 of op 'gemm' has no candidate");
  EXPECT_EQ(combine({{2, {}}}).error().message, "call 0 of op 'gemm': runner is 2; must be 0 to 1");
  for (int i = 0; i < 10; ++i) Gemm();
  EXPECT_THAT(combine(std::vector<ForcedChoice>(100)).error().message,
              HasSubstr("more combinations than can be counted"));
}

TEST_F(CaptureTest, AReplayOfTheWrongLengthForcesNothing) {
  Capture capture(cache_);
  Gemm();
  capture.Stop();
  const Replay longer(cache_, capture, {{0, {}}, {0, {}}});
  EXPECT_EQ(Gemm().decision_id, 7u);
  EXPECT_EQ(longer.Status().error().message,
            "the combination has 2 choices; must be 1, one for each captured call");
  const Replay misfit(cache_, capture, {{5, {}}});
  EXPECT_THAT(misfit.Status().error().message, HasSubstr("runner is 5; must be 0 to 1"));
}

}  // namespace
}  // namespace tactic
