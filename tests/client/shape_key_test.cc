// Calls by ShapeKey, and batches: the answers, and all that follows from a call, are those of the
// call by shapes.
#include "tactic/shape_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "tactic/cache.h"
#include "tactic/capture.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::Environments;
using ::testing::Field;
using testing::GemmOf;
using testing::GemmSpec;

constexpr int64_t kWide = int64_t{1} << 39;

std::vector<Shape> Refer(const Shapes& shapes) {
  std::vector<Shape> referring;
  for (const std::vector<int64_t>& dims : shapes) referring.emplace_back(std::span(dims));
  return referring;
}

class ShapeKeyTest : public ::testing::Test {
 protected:
  ShapeKeyTest() : gemm_(cache_.Register(GemmSpec()).value()) {
    cache_.SetEnvironments(Environments());
    cache_.Replace({DecisionFor(GemmOf(8), 7, 1), DecisionFor(GemmOf(16), 8, 2),
                    DecisionFor(GemmOf(8, kWide), 9, 3)});
  }
  uint64_t Answer(const ShapeKey& call) { return gemm_.ChooseOne(call).decision_id; }

  Cache cache_;
  OpHandle gemm_;
};

TEST_F(ShapeKeyTest, IsMappedAndFound) {
  EXPECT_EQ(Answer(ShapeKey({5, 64}, {64, 32})), 7u);
  EXPECT_EQ(Answer(ShapeKey({9, 64}, {64, 32})), 8u);
  EXPECT_EQ(gemm_.ChooseOne(ShapeKey({9, 64}, {64, 32})).tactic(), testing::TacticOf(8));
  EXPECT_EQ(cache_.Statistics().hits, 3u);
}

TEST_F(ShapeKeyTest, IsFoundAgainWhateverTheTableIs) {
  const ShapeKey call({5, 64}, {64, 32});
  EXPECT_EQ(Answer(call), 7u);
  cache_.Apply({DecisionFor(GemmOf(8), 70, 4)});
  EXPECT_EQ(Answer(call), 70u);
  cache_.Replace({});
  EXPECT_EQ(Answer(call), 0u);
}

TEST_F(ShapeKeyTest, SizesOfMoreThan32BitsAreFound) {
  EXPECT_EQ(Answer(ShapeKey({8, kWide}, {kWide, 32})), 9u);
  EXPECT_EQ(Answer(ShapeKey({8, kWide + 1}, {kWide, 32})), 0u);
}

TEST_F(ShapeKeyTest, AMissIsRecordedWithTheSizesOfTheCall) {
  EXPECT_EQ(Answer(ShapeKey({99, 64}, {64, 32})), 0u);
  const auto misses = cache_.DrainMisses(9);
  ASSERT_EQ(misses.size(), 1u);
  EXPECT_THAT(misses[0].shapes, ElementsAre(ElementsAre(99, 64), ElementsAre(64, 32)));
}

TEST_F(ShapeKeyTest, WhatTheOpDoesNotTakeIsMalformed) {
  const int64_t sizes[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const std::vector<Shape> too_many(limits::kInputs + 1, Shape(sizes, 1));
  Answer(ShapeKey({8, 64}));
  Answer(ShapeKey({-8, 64}, {64, 32}));
  Answer(ShapeKey({8, 64}, {std::numeric_limits<int64_t>::min(), 32}));
  Answer(ShapeKey(std::span<const Shape>(too_many)));
  const Shape deep[] = {Shape(sizes, limits::kRank + 1), {64, 32}};
  Answer(ShapeKey(std::span<const Shape>(deep)));
  EXPECT_EQ(cache_.Statistics().malformed, 5u);
  EXPECT_EQ(cache_.Statistics().hits + cache_.Statistics().misses, 0u);
}

TEST_F(ShapeKeyTest, ACopyIsTheSameCall) {
  const ShapeKey call({5, 64}, {64, 32});
  ShapeKey copy({1}, {2}, {3});
  copy = call;
  EXPECT_EQ(Answer(copy), 7u);
  const ShapeKey made(copy);
  EXPECT_EQ(Answer(made), 7u);
  EXPECT_EQ(made.inputs(), 2u);
  EXPECT_EQ(made.rank(1), 2u);
  EXPECT_EQ(made.size(), 4u);
  EXPECT_EQ(made[3], 32);
}

TEST_F(ShapeKeyTest, OverridesHoldForAKeyThatWasMadeBefore) {
  const ShapeKey call({9, 64}, {64, 32});
  const uint64_t id = cache_.AddOverrides({.buckets = {8}}).value();
  EXPECT_EQ(Answer(call), 7u);
  cache_.DropOverrides(id);
  EXPECT_EQ(Answer(call), 8u);
}

TEST_F(ShapeKeyTest, ACaptureSeesItsSizes) {
  Capture capture(cache_);
  Answer(ShapeKey({5, 64}, {64, 32}));
  const ShapeKey again({9, 64}, {64, 32});
  Choice choice;
  gemm_.ChooseEach({&again, 1}, {&choice, 1});
  capture.Stop();
  const std::vector<CapturedCall>& calls = capture.calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_THAT(calls[0].shapes, ElementsAre(ElementsAre(5, 64), ElementsAre(64, 32)));
  EXPECT_THAT(calls[1].shapes, ElementsAre(ElementsAre(9, 64), ElementsAre(64, 32)));
}

TEST_F(ShapeKeyTest, EachOfABatchIsAnswered) {
  std::vector<ShapeKey> calls;
  for (int64_t m = 1; m <= 17; ++m) calls.emplace_back(ShapeKey({m, 64}, {64, 32}));
  std::vector<Choice> choices(calls.size());
  gemm_.ChooseEach(calls, choices);
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(choices[i].decision_id, gemm_.ChooseOne(calls[i]).decision_id) << i;
  }
  EXPECT_EQ(cache_.Statistics().hits, 2 * 12u);  // 5 to 16.
}

TEST_F(ShapeKeyTest, ABatchGoesAsFarAsBothGo) {
  const std::vector<ShapeKey> calls(5, ShapeKey({8, 64}, {64, 32}));
  std::vector<Choice> choices(6);
  choices[5].runner = 77;
  gemm_.ChooseEach(calls, choices);
  EXPECT_EQ(choices[4].decision_id, 7u);
  EXPECT_EQ(choices[5].runner, 77);
  choices.resize(3);
  gemm_.ChooseEach(calls, choices);
  EXPECT_EQ(cache_.Statistics().hits, 8u);
}

TEST_F(ShapeKeyTest, ABatchOfAnOpThatIsSkippedGetsTheFallback) {
  const std::vector<ShapeKey> calls(5, ShapeKey({8, 64}, {64, 32}));
  std::vector<Choice> choices(5);
  cache_.AddOverrides({.skip_ops = {"gemm"}}).value();
  gemm_.ChooseEach(calls, choices);
  EXPECT_THAT(choices, Each(Field(&Choice::hit, false)));
  EXPECT_EQ(cache_.Statistics().skipped, 5u);
}

TEST(ShapeKeyInputsTest, MoreInputsThanAWordOfRanksAreFound) {
  Cache cache;
  cache.SetEnvironments(Environments());
  OpSpec spec;
  spec.op = "gemm";
  spec.inputs.resize(limits::kInputs);
  spec.runners = {testing::kBlocked};
  const OpHandle op = cache.Register(spec).value();
  Shapes shapes(limits::kInputs, {4});
  shapes.back() = {3, 2};
  cache.Apply({DecisionFor(op.ProblemOf(shapes).value(), 7, 1)});
  EXPECT_EQ(op.ChooseOne(ShapeKey(Refer(shapes))).decision_id, 7u);
  shapes.back() = {3, 1};
  EXPECT_FALSE(op.ChooseOne(ShapeKey(Refer(shapes))).hit);
}

// An op with all that rules can ask for: dynamic dimensions behind other inputs, one that may be
// absent, one that follows from another, and a limit.
class AnyOp {
 public:
  AnyOp() {
    cache_.SetEnvironments(Environments());
    OpSpec spec = GemmSpec();
    spec.inputs.resize(4);
    spec.dynamic = {DynamicDim{}, DynamicDim{.input = 1, .dim = 1}, DynamicDim{.input = 3}};
    spec.constraints = {{2, 0, [](const Shapes& shapes) { return shapes[0][0]; }}};
    spec.tune_max = 16;
    op_ = cache_.Register(spec).value();
    for (const Shapes& shapes :
         {Shapes{{8, 4}, {4, 8}, {8}, {8}}, Shapes{{8, 4}, {4, 8}, {8}, {0}}}) {
      for (const Problem& problem : op_->Profiles(shapes).value()) {
        ++decisions_;
        cache_.Apply({DecisionFor(problem, decisions_, decisions_)});
      }
    }
  }
  const OpHandle& op() const { return *op_; }

 private:
  Cache cache_;
  std::optional<OpHandle> op_;
  uint64_t decisions_ = 0;
};

RC_GTEST_PROP(ShapeKeyPropertyTest, AnswersAsShapesDo, ()) {
  static const AnyOp any;
  const OpHandle& op = any.op();
  const auto size = rc::gen::oneOf(rc::gen::inRange<int64_t>(0, 40),
                                   rc::gen::element<int64_t>(4, int64_t{1} << 39, -1));
  const int64_t m = *size, n = *size, last = *size, bias = *size;
  const Choice by_shapes = op.ChooseOne({{m, 4}, {4, n}, {bias}, {last}});
  const ShapeKey call({m, 4}, {4, n}, {bias}, {last});
  const Shapes shapes{{m, 4}, {4, n}, {bias}, {last}};
  Choice choice;
  op.ChooseEach({&call, 1}, {&choice, 1});
  RC_TAG(by_shapes.hit ? "hit" : "no hit");
  RC_ASSERT(op.ChooseOne(call).decision_id == by_shapes.decision_id);
  RC_ASSERT(op.ChooseOne(ShapeKey(Refer(shapes))).decision_id == by_shapes.decision_id);
  RC_ASSERT(choice.decision_id == by_shapes.decision_id);
}

TEST(ShapeKeyPropertyTest, SomeOfWhatIsDrawnHits) {
  const AnyOp any;
  EXPECT_TRUE(any.op().ChooseOne({{5, 4}, {4, 39}, {9}, {3}}).hit);
  EXPECT_TRUE(any.op().ChooseOne({{5, 4}, {4, 39}, {9}, {0}}).hit);
  EXPECT_FALSE(any.op().ChooseOne({{5, 4}, {4, 39}, {0}, {3}}).hit);
}

}  // namespace
}  // namespace tactic
