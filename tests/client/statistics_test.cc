// Statistics by op: what missed at which shapes, what was tuned, printed and as JSON.
#include "tactic/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using ::testing::ElementsAre;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::IsEmpty;
using testing::kBlocked;
using ::testing::SizeIs;
using testing::TacticOf;

class StatisticsTest : public ::testing::Test {
 protected:
  StatisticsTest() : op_(cache_.Register(GemmSpec()).value()) {
    cache_.SetEnvironments(Environments());
    cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  }
  void Choose(int64_t m) { op_.ChooseOne({{m, 64}, {64, 32}}); }
  static MissedShapes Missed(int64_t m, uint64_t count) { return {{{m, 64}, {64, 32}}, count}; }

  Cache cache_;
  OpHandle op_;
};

TEST_F(StatisticsTest, MissesAreCountedByRealShapesMostOftenFirst) {
  EXPECT_THAT(cache_.ByOp(), IsEmpty());
  for (const int64_t m : {9, 10, 10, 8, 7, 33}) Choose(m);  // 8 and 7 hit.
  Choose(10);
  const StatisticsByOp all = cache_.ByOp();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].op, "gemm");
  EXPECT_EQ(all[0].misses, 5u);
  EXPECT_THAT(all[0].missed, ElementsAre(Missed(10, 3), Missed(9, 1), Missed(33, 1)));
  EXPECT_EQ(all[0].unlisted_misses, 0u);
}

TEST_F(StatisticsTest, CountsGoOnAfterTheyWereRead) {
  Choose(10);
  EXPECT_EQ(cache_.ByOp()[0].misses, 1u);
  Choose(10);
  EXPECT_THAT(cache_.ByOp()[0].missed, ElementsAre(Missed(10, 2)));
}

TEST_F(StatisticsTest, WhatFindsNoRoomIsCountedAllTheSame) {
  constexpr int64_t kCalls = 5000;
  for (int64_t m = 0; m < kCalls; ++m) Choose(1000 + m);
  const OpStatistics gemm = cache_.ByOp()[0];
  EXPECT_EQ(gemm.misses, static_cast<uint64_t>(kCalls));
  EXPECT_LE(gemm.missed.size(), OpStatistics::kMostListed);
  EXPECT_EQ(gemm.missed.size() + gemm.unlisted_misses, static_cast<uint64_t>(kCalls));
}

TEST_F(StatisticsTest, OpsOfOneNameAreCountedTogetherAndByName) {
  const OpHandle second = cache_.Register(GemmSpec({kBlocked})).value();
  OpSpec spec = GemmSpec();
  spec.op = "another";
  const OpHandle another = cache_.Register(spec).value();
  Choose(10);
  second.ChooseOne({{10, 64}, {64, 32}});
  another.ChooseOne({{10, 64}, {64, 32}});
  const StatisticsByOp all = cache_.ByOp();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].op, "another");
  EXPECT_EQ(all[1].misses, 2u);
  EXPECT_THAT(all[1].missed, ElementsAre(Missed(10, 2)));
}

TEST_F(StatisticsTest, TakenCountsAreThoseSinceTheLastTime) {
  for (const int64_t m : {10, 10, 11}) Choose(m);
  EXPECT_EQ(cache_.ByOp()[0].misses, 3u);  // Reading does not take.
  std::vector<MissCount> taken = cache_.TakeMissCounts();
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_EQ(taken[0].shapes, (Shapes{{10, 64}, {64, 32}}));
  EXPECT_EQ(taken[0].count, 2u);
  EXPECT_EQ(&taken[0].op.spec(), &op_.spec());
  EXPECT_THAT(cache_.TakeMissCounts(), IsEmpty());
  Choose(10);
  taken = cache_.TakeMissCounts();
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(taken[0].count, 1u);
}

TEST_F(StatisticsTest, ThreadsLoseNoCallFromTheTotals) {
  constexpr int kThreads = 4, kCalls = 2000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kCalls; ++i) Choose(100 + i % 7);
      });
    }
    for (int i = 0; i < 100; ++i) cache_.ByOp();
  }
  EXPECT_EQ(cache_.ByOp()[0].misses, static_cast<uint64_t>(kThreads * kCalls));
}

TEST_F(StatisticsTest, TunedProfilesAddUp) {
  const FailedCandidate crashed{
      "gemm f32[8,64]", {kBlocked, TacticOf(3)}, Outcome::kCrashed, "signal 11"};
  cache_.NoteTuned({"gemm", "gemm f32[8,64]", true, "", 1.5, {crashed}});
  cache_.NoteTuned({"gemm", "gemm f32[9,64]", false, "no valid candidate", 0.25, {}});
  const OpStatistics gemm = cache_.ByOp()[0];
  EXPECT_EQ(gemm.profiled, 1u);
  EXPECT_EQ(gemm.failed_profiles, 1u);
  EXPECT_THAT(gemm.without_decision,
              ElementsAre(FailedProfile{"gemm f32[9,64]", "no valid candidate"}));
  EXPECT_EQ(gemm.failed_candidates, 1u);
  EXPECT_THAT(gemm.failed, ElementsAre(crashed));
  EXPECT_EQ(gemm.tuning_seconds, 1.75);
}

TEST_F(StatisticsTest, ClearForgetsAll) {
  Choose(10);
  cache_.NoteTuned({"gemm", "", true, "", 1, {}});
  cache_.ClearStatistics();
  EXPECT_THAT(cache_.ByOp(), IsEmpty());
  Choose(10);
  EXPECT_EQ(cache_.ByOp()[0].misses, 1u);
}

StatisticsByOp Sample() {
  OpStatistics gemm;
  gemm.op = "gemm";
  gemm.misses = 4;
  gemm.missed = {{{{13, 64}, {64, 32}}, 3}};
  gemm.unlisted_misses = 1;
  gemm.profiled = 1;
  gemm.failed_profiles = 1;
  gemm.without_decision = {{"gemm f32[9,64]", "none \"valid\"\n"}};
  gemm.failed_candidates = 1;
  gemm.failed = {{"gemm f32[8,64]", {kBlocked, TacticOf(3)}, Outcome::kCrashed, "signal 11"}};
  gemm.tuning_seconds = 1.25;
  OpStatistics softmax;
  softmax.op = "softmax";
  softmax.misses = 1;
  softmax.missed = {{{{}, {0}}, 1}};
  return {gemm, softmax};
}

TEST(StatisticsTextTest, IsForPeople) {
  EXPECT_EQ(ToText(StatisticsByOp()), "Misses: 0\n");
  EXPECT_EQ(ToText(Sample()),
            "Misses: 5\n"
            "  gemm: 4\n"
            "    3 x [13,64] [64,32]\n"
            "    1 x shapes that are not listed\n"
            "  softmax: 1\n"
            "    1 x [] [0]\n"
            "Tuned:\n"
            "  gemm: 1 profile decided, 1 without a decision, in 1.25 s; 1 candidate failed\n"
            "    gemm f32[9,64]: no decision: none \"valid\"\n\n"
            "    host_blocked kc=3 on gemm f32[8,64]: crashed: signal 11\n");
}

TEST(StatisticsTextTest, JsonHasEveryField) {
  EXPECT_EQ(ToJson(StatisticsByOp()), R"({"misses":0,"ops":[]})");
  EXPECT_EQ(
      ToJson(Sample()),
      R"({"misses":5,"ops":[{"op":"gemm","misses":4,"missed":[{"shapes":[[13,64],[64,32]],"count":3}],)"
      R"("unlisted_misses":1,"profiled":1,"failed_profiles":1,)"
      R"("without_decision":[{"problem":"gemm f32[9,64]","reason":"none \"valid\"\u000a"}],)"
      R"("failed_candidates":1,"failed":[{"problem":"gemm f32[8,64]","runner":"host_blocked",)"
      R"("runner_id":"1","tactic":"kc=3","outcome":"crashed","detail":"signal 11"}],)"
      R"("tuning_seconds":1.25},)"
      R"({"op":"softmax","misses":1,"missed":[{"shapes":[[],[0]],"count":1}],"unlisted_misses":0,)"
      R"("profiled":0,"failed_profiles":0,"without_decision":[],"failed_candidates":0,"failed":[],)"
      R"("tuning_seconds":0}]})");
}

}  // namespace
}  // namespace tactic
