#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CacheMissesTest : public ::testing::Test {
 protected:
  CacheMissesTest() : op_(cache_.Register(GemmSpec()).value()) {
    cache_.SetEnvironments(Environments());
  }
  void Choose(int64_t m, int64_t n = 32) { op_.ChooseOne({{m, 64}, {64, n}}); }

  Cache cache_;
  OpHandle op_;
};

TEST_F(CacheMissesTest, AMissIsGivenOutOnceWithItsShapes) {
  Choose(5);
  Choose(5);
  Choose(6);  // The same profile.
  const auto misses = cache_.DrainMisses(10);
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_EQ(misses[0].shapes, (Shapes{{5, 64}, {64, 32}}));
  EXPECT_EQ(&misses[0].op.spec(), &op_.spec());
  Choose(5);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
  EXPECT_EQ(cache_.Statistics().misses, 4u);
}

TEST_F(CacheMissesTest, TheLimitHolds) {
  for (int64_t m : {1, 2, 4}) Choose(m);
  EXPECT_THAT(cache_.DrainMisses(2), SizeIs(2));
  EXPECT_THAT(cache_.DrainMisses(2), SizeIs(1));
}

TEST_F(CacheMissesTest, EqualShapesOfTwoOpsAreTwoMisses) {
  OpSpec other = GemmSpec();
  other.op = "gemm2";
  const OpHandle second = cache_.Register(other).value();
  Choose(8);
  second.ChooseOne({{8, 64}, {64, 32}});
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(2));
}

TEST_F(CacheMissesTest, ForgottenMissesAreRecordedAgain) {
  Choose(5);
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(1));
  cache_.ForgetMisses();
  Choose(5);
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(1));
}

TEST_F(CacheMissesTest, ANewSnapshotForgets) {
  Choose(5);
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(1));
  cache_.Replace({});
  Choose(5);
  EXPECT_THAT(cache_.DrainMisses(10), SizeIs(1));
}

TEST_F(CacheMissesTest, WhatFoundNoRoomIsRecordedByALaterCall) {
  constexpr int64_t kProfiles = 1000;  // More than there is room for.
  size_t drained = 0;
  for (int round = 0; round < 20 && drained < kProfiles; ++round) {
    for (int64_t n = 1; n <= kProfiles; ++n) Choose(8, n);
    const size_t now = cache_.DrainMisses(10'000).size();
    EXPECT_GT(now, 0u);
    drained += now;
  }
  EXPECT_EQ(drained, static_cast<size_t>(kProfiles));
}

TEST_F(CacheMissesTest, ACallWithTooManySizesIsCountedOnly) {
  OpSpec wide = GemmSpec();
  wide.inputs.assign(9, {});
  const OpHandle op = cache_.Register(wide).value();
  const std::vector<int64_t> dims = {1, 2, 3};
  op.ChooseOne(std::vector<Shape>(9, Shape(dims)));
  EXPECT_EQ(cache_.Statistics().misses, 1u);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

TEST_F(CacheMissesTest, HitsAreNotRecorded) {
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  Choose(8);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

}  // namespace
}  // namespace tactic
