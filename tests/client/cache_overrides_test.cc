// Other buckets for a while, and ops that are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "tactic/cache.h"
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
using ::testing::SizeIs;

class CacheOverridesTest : public ::testing::Test {
 protected:
  CacheOverridesTest() { cache_.SetEnvironments(Environments()); }

  uint64_t Add(ProfileOverrides overrides) {
    return cache_.AddOverrides(std::move(overrides)).value();
  }
  // The size that a call is looked up by.
  int64_t LookedUp(const OpHandle& op, int64_t m) {
    return op.ProblemOf({{m, 64}, {64, 32}})->inputs[0].dims[0].opt;
  }
  std::vector<int64_t> Tuned(const OpHandle& op, int64_t m) {
    std::vector<int64_t> sizes;
    const auto problems = op.Profiles({{m, 64}, {64, 32}});
    for (const Problem& problem : *problems) sizes.push_back(problem.inputs[0].dims[0].opt);
    return sizes;
  }
  Choice Choose(const OpHandle& op, int64_t m) { return op.ChooseOne({{m, 64}, {64, 32}}); }

  Cache cache_;
};

TEST_F(CacheOverridesTest, BucketsRoundDownUnlessAskedToRoundUp) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  cache_.Replace({DecisionFor(GemmOf(100), 1, 1), DecisionFor(GemmOf(300), 2, 2)});
  const uint64_t down = Add({.buckets = {300, 100}});
  EXPECT_THAT(Tuned(op, 250), ElementsAre(100, 300));
  EXPECT_EQ(Choose(op, 299).decision_id, 1u);
  EXPECT_EQ(Choose(op, 5).decision_id, 1u) << "the end of the list";
  EXPECT_EQ(Choose(op, 5000).decision_id, 2u) << "the end of the list";
  const uint64_t up = Add({.buckets = {300, 100}, .round_up = true});
  EXPECT_EQ(Choose(op, 101).decision_id, 2u);
  cache_.DropOverrides(up);
  EXPECT_EQ(Choose(op, 101).decision_id, 1u);
  cache_.DropOverrides(down);
  EXPECT_FALSE(Choose(op, 101).hit);
  EXPECT_EQ(LookedUp(op, 101), 128);
}

TEST_F(CacheOverridesTest, RoundUpAloneGoesToTheOpsOwnBuckets) {
  OpSpec powers = GemmSpec();
  powers.dynamic[0].mapper.rule = Mapper::Rule::kLastPowerOfTwo;
  OpSpec multiples = GemmSpec();
  multiples.dynamic[0] = {
      0, 0, {Buckets::Rule::kMultiples, {}, 32}, {Mapper::Rule::kFloorTo, 1, {32, 64, 96, 128}}};
  multiples.tune_max = 128;
  OpSpec list = GemmSpec();
  list.dynamic[0] = {0, 0, {Buckets::Rule::kList, {50, 10}}, {Mapper::Rule::kFloorTo, 1, {10, 50}}};
  const OpHandle by_powers = cache_.Register(powers).value();
  const OpHandle by_multiples = cache_.Register(multiples).value();
  const OpHandle by_list = cache_.Register(list).value();
  const uint64_t id = Add({.round_up = true});
  EXPECT_EQ(LookedUp(by_powers, 33), 64);
  EXPECT_EQ(LookedUp(by_multiples, 33), 64);
  EXPECT_EQ(LookedUp(by_list, 11), 50);
  cache_.DropOverrides(id);
  EXPECT_EQ(LookedUp(by_powers, 33), 32);
  EXPECT_EQ(LookedUp(by_multiples, 33), 32);
  EXPECT_EQ(LookedUp(by_list, 11), 10);
}

TEST_F(CacheOverridesTest, TuneMaxStillHolds) {
  OpSpec spec = GemmSpec();
  spec.tune_max = 128;
  const OpHandle op = cache_.Register(spec).value();
  Add({.buckets = {100, 300}, .round_up = true});
  EXPECT_EQ(LookedUp(op, 200), 128);
}

TEST_F(CacheOverridesTest, TheInnermostBucketsRuleThoughOthersAreDroppedFirst) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  const uint64_t outer = Add({.buckets = {100}});
  const uint64_t inner = Add({.buckets = {200}});
  Add({.skip_ops = {"other"}});  // Says nothing of buckets.
  EXPECT_EQ(LookedUp(op, 150), 200);
  cache_.DropOverrides(outer);
  EXPECT_EQ(LookedUp(op, 150), 200);
  cache_.DropOverrides(inner);
  EXPECT_EQ(LookedUp(op, 150), 256);
}

TEST_F(CacheOverridesTest, ASkippedOpFallsBackThoughItIsTuned) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_TRUE(Choose(op, 8).hit);
  const uint64_t id = Add({.skip_ops = {"gemm"}});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_FALSE(Choose(op, 16).hit);
  const CacheStatistics statistics = cache_.Statistics();
  EXPECT_EQ(statistics.skipped, 2u);
  EXPECT_EQ(statistics.misses, 0u);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty()) << "nothing to tune";
  cache_.DropOverrides(id);
  EXPECT_TRUE(Choose(op, 8).hit);
}

TEST_F(CacheOverridesTest, NestedSkipsUnite) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  OpSpec second = GemmSpec();
  second.op = "gemm2";
  const OpHandle other = cache_.Register(second).value();
  const uint64_t outer = Add({.skip_ops = {"gemm"}});
  const uint64_t inner = Add({.skip_ops = {"gemm2"}});
  Choose(op, 8);
  Choose(other, 8);
  EXPECT_EQ(cache_.Statistics().skipped, 2u);
  cache_.DropOverrides(inner);
  Choose(op, 8);
  Choose(other, 8);
  EXPECT_EQ(cache_.Statistics().skipped, 3u);
  cache_.DropOverrides(outer);
  Choose(op, 8);
  EXPECT_EQ(cache_.Statistics().skipped, 3u);
}

TEST_F(CacheOverridesTest, AnOpRegisteredLaterIsOverriddenToo) {
  Add({.buckets = {100}, .skip_ops = {"gemm2"}});
  EXPECT_EQ(LookedUp(cache_.Register(GemmSpec()).value(), 7), 100);
  OpSpec second = GemmSpec();
  second.op = "gemm2";
  Choose(cache_.Register(second).value(), 8);
  EXPECT_EQ(cache_.Statistics().skipped, 1u);
}

TEST_F(CacheOverridesTest, BadOverridesAreRefusedAndChangeNothing) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  EXPECT_THAT(cache_.AddOverrides({.buckets = {8, -1}}).error().message,
              HasSubstr("buckets[1] is -1; must be 0 to"));
  EXPECT_THAT(cache_.AddOverrides({.skip_ops = {"a b"}}).error().message, HasSubstr("skip_ops[0]"));
  EXPECT_EQ(LookedUp(op, 7), 8);
}

TEST_F(CacheOverridesTest, ManyThreadsChooseWhileOverridesComeAndGo) {
  const OpHandle op = cache_.Register(GemmSpec()).value();
  cache_.Replace({DecisionFor(GemmOf(128), 1, 1), DecisionFor(GemmOf(100), 2, 1)});
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0};
  std::latch started(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      started.arrive_and_wait();
      while (!done.load(std::memory_order_acquire)) {
        const Choice choice = Choose(op, 101);
        if (!choice.hit || choice.decision_id > 2) ++wrong;
      }
    });
  }
  started.arrive_and_wait();
  for (int round = 0; round < 500; ++round) cache_.DropOverrides(Add({.buckets = {100}}));
  done.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0u);
}

}  // namespace
}  // namespace tactic
