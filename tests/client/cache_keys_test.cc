// By what a call is looked up: constrained and absent inputs, mappers that are functions, the
// ancestor's dialect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::IsEmpty;

class CacheKeysTest : public ::testing::Test {
 protected:
  CacheKeysTest() { cache_.SetEnvironments(Environments()); }

  // Decides all that is tuned for these shapes.
  void Tune(const OpHandle& op, const Shapes& shapes) {
    const auto problems = op.Profiles(shapes);
    ASSERT_TRUE(problems.ok()) << problems.error().message;
    for (const Problem& problem : *problems) {
      ++decisions_;
      cache_.Apply({DecisionFor(problem, decisions_, decisions_)});
    }
  }
  OpHandle Mapped(int64_t (*map)(int64_t)) {
    OpSpec spec = GemmSpec();
    spec.dialect = Dialect::kAncestor;  // Nothing is asked of the function at registration.
    spec.dynamic[0].mapper = {Mapper::Rule::kFunction, 1, {}, map};
    return cache_.Register(spec).value();
  }

  Cache cache_;
  uint64_t decisions_ = 0;
};

TEST_F(CacheKeysTest, AConstrainedInputIsNotTakenForAnAbsentOne) {
  OpSpec spec = GemmSpec();
  spec.inputs.push_back({});
  spec.constraints = {{2, 0, [](const Shapes& shapes) { return shapes[1][1]; }}};
  const OpHandle op = cache_.Register(spec).value();
  Tune(op, {{8, 64}, {64, 32}, {0}});
  EXPECT_TRUE(op.ChooseOne({{8, 64}, {64, 32}, {0}}).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 64}, {64, 32}, {32}}).hit);
  Tune(op, {{8, 64}, {64, 32}, {32}});
  const uint64_t absent = op.ChooseOne({{8, 64}, {64, 32}, {0}}).decision_id;
  const uint64_t present = op.ChooseOne({{8, 64}, {64, 32}, {32}}).decision_id;
  EXPECT_NE(absent, present);
  EXPECT_EQ(op.ChooseOne({{8, 64}, {64, 32}, {999}}).decision_id, present);
}

TEST_F(CacheKeysTest, AConstrainedSizeOfMoreThan32BitsIsIgnoredToo) {
  OpSpec spec = GemmSpec();
  spec.constraints = {{1, 0, [](const Shapes& shapes) { return shapes[0][1]; }}};
  const OpHandle op = cache_.Register(spec).value();
  Tune(op, {{8, 64}, {64, 32}});
  EXPECT_TRUE(op.ChooseOne({{8, 64}, {int64_t{1} << 39, 32}}).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 0xffffffff}, {64, 32}}).hit);
}

TEST_F(CacheKeysTest, ANegativeSizeIsMalformedWhereverItIs) {
  OpSpec spec = GemmSpec();
  spec.constraints = {{1, 0, [](const Shapes& shapes) { return shapes[0][1]; }}};
  const OpHandle op = cache_.Register(spec).value();
  Tune(op, {{8, 64}, {64, 32}});
  EXPECT_FALSE(op.ChooseOne({{8, 64}, {-1, 32}}).hit);
  EXPECT_FALSE(op.ChooseOne({{std::numeric_limits<int64_t>::min(), 64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.Statistics().malformed, 2u);
}

TEST_F(CacheKeysTest, AFunctionMaps) {
  const OpHandle op = Mapped([](int64_t x) { return x / 10 * 10; });
  cache_.Replace({DecisionFor(GemmOf(40), 7, 1)});
  EXPECT_TRUE(op.ChooseOne({{47, 64}, {64, 32}}).hit);
  EXPECT_FALSE(op.ChooseOne({{50, 64}, {64, 32}}).hit);
}

TEST_F(CacheKeysTest, AMapperThatFailsIsCountedAndAnsweredByTheFallback) {
  const OpHandle op = Mapped([](int64_t x) -> int64_t {
    if (x == 1) throw std::runtime_error("one");
    if (x == 2) throw 2;
    return x == 3 ? -1 : x;
  });
  cache_.Replace({DecisionFor(GemmOf(4), 7, 1)});
  EXPECT_TRUE(op.ChooseOne({{4, 64}, {64, 32}}).hit);
  for (int64_t m : {1, 2, 3}) {
    const Choice choice = op.ChooseOne({{m, 64}, {64, 32}});
    EXPECT_FALSE(choice.hit) << m;
    EXPECT_EQ(choice.runner, 0);
    EXPECT_FALSE(op.ProblemOf({{m, 64}, {64, 32}}).ok());
  }
  EXPECT_EQ(cache_.Statistics().mapper_failed, 3u);
  EXPECT_EQ(cache_.Statistics().misses, 0u);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

TEST_F(CacheKeysTest, SpecsWithFunctionsAreNotEqual) {
  const auto map = [](int64_t x) { return x; };
  EXPECT_NE(&Mapped(map).spec(), &Mapped(map).spec());
  OpSpec spec = GemmSpec();
  spec.dynamic[0].buckets = {Buckets::Rule::kFunction, {}, 1, [](int64_t) {
                               return std::vector<int64_t>{1, 2, 4, 8};
                             }};
  EXPECT_NE(&cache_.Register(spec)->spec(), &cache_.Register(spec)->spec());
}

TEST_F(CacheKeysTest, TheDialectIsPartOfTheSpec) {
  OpSpec spec = GemmSpec();
  const OpHandle strict = cache_.Register(spec).value();
  spec.dialect = Dialect::kAncestor;
  EXPECT_NE(&cache_.Register(spec)->spec(), &strict.spec());
}

TEST_F(CacheKeysTest, TheAncestorMapsADimensionAsOftenAsItIsNamed) {
  OpSpec spec = GemmSpec();
  spec.dialect = Dialect::kAncestor;
  spec.dynamic = {{0, 0, {}, {Mapper::Rule::kFloorDivide, 2}},
                  {0, 0, {}, {Mapper::Rule::kNextPowerOfTwo}}};
  const OpHandle op = cache_.Register(spec).value();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_TRUE(op.ChooseOne({{11, 64}, {64, 32}}).hit) << "11 // 2 = 5, then 8";
  EXPECT_FALSE(op.ChooseOne({{8, 64}, {64, 32}}).hit);
}

TEST_F(CacheKeysTest, TheAncestorIgnoresADimensionThatIsNotThere) {
  OpSpec spec = GemmSpec();
  spec.dialect = Dialect::kAncestor;
  spec.dynamic[0].dim = 5;
  const OpHandle op = cache_.Register(spec).value();
  Tune(op, {{7, 64}, {64, 32}});
  EXPECT_TRUE(op.ChooseOne({{7, 64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.Statistics().malformed, 0u);
}

TEST_F(CacheKeysTest, AnAbsentInputOfADynamicDimensionHitsInBothDialects) {
  for (const Dialect dialect : {Dialect::kStrict, Dialect::kAncestor}) {
    OpSpec spec = GemmSpec();
    spec.dialect = dialect;
    spec.dynamic = {{1, 0, {}, {}}};
    const OpHandle op = cache_.Register(spec).value();
    Tune(op, {{8, 64}, {0}});
    EXPECT_TRUE(op.ChooseOne({{8, 64}, {0}}).hit);
    EXPECT_FALSE(op.ChooseOne({{8, 64}, {1}}).hit);
  }
}

TEST_F(CacheKeysTest, WhatCanNeverHitIsRefused) {
  OpSpec spec = GemmSpec();
  spec.dynamic[0].mapper.rule = Mapper::Rule::kIdentity;
  const auto refused = cache_.Register(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tactic
