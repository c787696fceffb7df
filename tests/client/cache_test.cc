#include "tactic/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using ::testing::ElementsAre;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using testing::HostEnvironment;
using ::testing::IsEmpty;
using testing::kBlocked;
using testing::kOpenBlas;
using ::testing::SizeIs;
using testing::TacticOf;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() { cache_.SetEnvironments(Environments()); }

  OpHandle Register(OpSpec spec = GemmSpec()) { return cache_.Register(std::move(spec)).value(); }
  static Choice Choose(const OpHandle& op, int64_t m) { return op.ChooseOne({{m, 64}, {64, 32}}); }

  Cache cache_;
};

TEST_F(CacheTest, AnEmptyCacheFallsBack) {
  const Choice choice = Choose(Register(), 5);
  EXPECT_FALSE(choice.hit);
  EXPECT_EQ(choice.runner, 0);
  EXPECT_EQ(choice.tactic(), Tactic());
  EXPECT_EQ(cache_.Statistics().misses, 1u);
}

TEST_F(CacheTest, AHitGivesTheFirstCandidateByTheMappedSize) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  for (int64_t m : {5, 6, 7, 8}) {
    const Choice choice = Choose(op, m);
    EXPECT_TRUE(choice.hit) << m;
    EXPECT_EQ(choice.runner, 0);
    EXPECT_EQ(choice.tactic(), TacticOf(7));
    EXPECT_EQ(choice.decision_id, 7u);
  }
  EXPECT_FALSE(Choose(op, 4).hit);
  EXPECT_FALSE(Choose(op, 9).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 65}, {65, 32}}).hit);
}

TEST_F(CacheTest, DecisionsMayComeBeforeTheOp) {
  cache_.Apply({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_TRUE(Choose(Register(), 8).hit);
}

TEST_F(CacheTest, TheIndexIsThatOfTheCallersList) {
  const OpHandle op = Register(GemmSpec({kOpenBlas, kBlocked}));
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_EQ(Choose(op, 8).runner, 1);
  EXPECT_EQ(Choose(op, 8).tactic(), TacticOf(7));
}

TEST_F(CacheTest, ACallerWithoutTheWinnerGetsTheBestOfWhatItHas) {
  const OpHandle op = Register(GemmSpec({kOpenBlas}));
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  const Choice choice = Choose(op, 8);
  EXPECT_TRUE(choice.hit);
  EXPECT_EQ(choice.runner, 0);
  EXPECT_EQ(choice.tactic(), Tactic());
}

TEST_F(CacheTest, ARunnerWithAnotherUniqueIdIsAnotherRunner) {
  const OpHandle op = Register(GemmSpec({{kBlocked.name, "2"}}));
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_EQ(cache_.Statistics().not_runnable, 1u);
  EXPECT_EQ(cache_.Statistics().misses, 0u);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

TEST_F(CacheTest, AnotherEnvironmentNeverAnswers) {
  const OpHandle op = Register();
  Decision decision = DecisionFor(GemmOf(8), 7, 1);
  decision.key.environment = HostEnvironment("2");
  cache_.Replace({decision});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_EQ(cache_.Statistics().foreign_environment, 1u);
  EXPECT_EQ(cache_.Statistics().decisions, 0u);
  cache_.SetEnvironments({{"gemm", HostEnvironment("2")}});
  EXPECT_TRUE(Choose(op, 8).hit);
  EXPECT_EQ(cache_.Statistics().foreign_environment, 0u);
  EXPECT_EQ(cache_.Statistics().decisions, 1u);
}

TEST_F(CacheTest, WhatIsForPeopleDoesNotMakeAnotherEnvironment) {
  const OpHandle op = Register();
  Decision decision = DecisionFor(GemmOf(8), 7, 1);
  decision.key.environment.device.label = "some CPU";
  decision.key.environment.device.memory_bytes = 1 << 30;
  cache_.Replace({decision});
  EXPECT_TRUE(Choose(op, 8).hit);
}

TEST_F(CacheTest, WithNoEnvironmentNothingHits) {
  cache_.SetEnvironments({});
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_FALSE(Choose(Register(), 8).hit);
}

TEST_F(CacheTest, AnotherPolicyNeverAnswers) {
  Decision warm = DecisionFor(GemmOf(8), 7, 1);
  warm.key.policy.cache = CacheState::kWarm;
  cache_.Replace({warm});
  EXPECT_FALSE(Choose(Register(), 8).hit);
  OpSpec spec = GemmSpec();
  spec.policy.cache = CacheState::kWarm;
  EXPECT_TRUE(Choose(Register(spec), 8).hit);
}

TEST_F(CacheTest, OtherAttributesTypesAndLayoutsNeverAnswer) {
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  OpSpec spec = GemmSpec();
  spec.attributes = {{"alpha", 2.0}};
  EXPECT_FALSE(Choose(Register(spec), 8).hit);
  spec = GemmSpec();
  spec.inputs[1].layout = Layout::kColMajor;
  EXPECT_FALSE(Choose(Register(spec), 8).hit);
  spec = GemmSpec();
  spec.inputs[0].dtype = DType::kF16;
  EXPECT_FALSE(Choose(Register(spec), 8).hit);
  EXPECT_TRUE(Choose(Register(), 8).hit);
}

TEST_F(CacheTest, AttributesLeftOutTakeTheDefaults) {
  Problem problem = GemmOf(8);
  problem.attributes = {{"alpha", 1.0}, {"epilogue", std::string("none")}};
  cache_.Replace({DecisionFor(problem, 7, 1)});
  OpSpec spec = GemmSpec();
  spec.attributes = {{"alpha", 1.0}};
  const OpHandle op = Register(spec);
  EXPECT_FALSE(Choose(op, 8).hit);
  cache_.SetAttributeDefaults({{"gemm", {{"alpha", 3.0}, {"epilogue", std::string("none")}}}});
  EXPECT_TRUE(Choose(op, 8).hit);
}

TEST_F(CacheTest, AnAbsentInputMatchesAbsentOnly) {
  Problem problem = GemmOf(8);
  problem.inputs[1] = {DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}};
  cache_.Replace({DecisionFor(problem, 7, 1)});
  const OpHandle op = Register();
  EXPECT_TRUE(op.ChooseOne({{8, 64}, {0}}).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 64}, {0, 0}}).hit);
  EXPECT_FALSE(Choose(op, 8).hit);
}

TEST_F(CacheTest, ConstrainedDimensionsAreNotCompared) {
  OpSpec spec = GemmSpec();
  spec.constraints = {{1, 0, [](const Shapes& shapes) { return shapes[0][1]; }}};
  const OpHandle op = Register(spec);
  cache_.Replace({DecisionFor(*op.ProblemOf({{8, 64}, {64, 32}}), 7, 1)});
  EXPECT_TRUE(op.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_TRUE(op.ChooseOne({{8, 64}, {999, 32}}).hit);
  EXPECT_FALSE(Choose(Register(), 8).hit) << "the dimension is part of that op's key";
}

TEST_F(CacheTest, SizesOfMoreThan32BitsAreTold) {
  constexpr int64_t kLarge = (int64_t{1} << 32) + 64;
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8, kLarge, 32), 7, 1), DecisionFor(GemmOf(8, 64, 32), 8, 2)});
  EXPECT_EQ(op.ChooseOne({{8, kLarge}, {kLarge, 32}}).decision_id, 7u);
  EXPECT_EQ(op.ChooseOne({{8, 64}, {64, 32}}).decision_id, 8u);
  EXPECT_FALSE(op.ChooseOne({{8, kLarge}, {64, 32}}).hit);
}

TEST_F(CacheTest, ALargeSizeThatIsMappedDownStillHits) {
  OpSpec spec = GemmSpec();
  spec.tune_max = 8;
  const OpHandle op = Register(spec);
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_TRUE(Choose(op, int64_t{1} << 35).hit);
}

TEST_F(CacheTest, ManyInputsAndRanksAreTold) {
  OpSpec spec = GemmSpec();
  spec.inputs.assign(20, {});
  const OpHandle op = Register(spec);
  Shapes shapes(20, {4});
  shapes[0] = {8, 3, 5};
  Problem problem = *op.ProblemOf(shapes);
  cache_.Replace({DecisionFor(problem, 7, 1)});
  const auto choose = [&] {
    std::vector<Shape> views(shapes.begin(), shapes.end());
    return op.ChooseOne(views).hit;
  };
  EXPECT_TRUE(choose());
  shapes[19] = {4, 1};
  EXPECT_FALSE(choose());
  shapes[19] = {5};
  EXPECT_FALSE(choose());
}

TEST_F(CacheTest, MalformedCallsFallBackAndAreCounted) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(1), 7, 1)});
  EXPECT_FALSE(op.ChooseOne({}).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 64}}).hit);
  EXPECT_FALSE(op.ChooseOne({{8, 1, 1, 1, 1, 1, 1, 1, 1}, {64, 32}}).hit);
  EXPECT_FALSE(op.ChooseOne({{}, {64, 32}}).hit) << "no dimension where the dynamic one is";
  EXPECT_FALSE(Choose(op, -3).hit) << "though it would map to 1";
  EXPECT_FALSE(op.ChooseOne({{1, -64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.Statistics().malformed, 6u);
  EXPECT_EQ(cache_.Statistics().misses, 0u);
  EXPECT_THAT(cache_.DrainMisses(10), IsEmpty());
}

TEST_F(CacheTest, ApplyKeepsTheNewerRevision) {
  const OpHandle op = Register();
  cache_.Apply({DecisionFor(GemmOf(8), 7, 5)});
  cache_.Apply({DecisionFor(GemmOf(8), 6, 4)});
  EXPECT_EQ(Choose(op, 8).decision_id, 7u);
  cache_.Apply({DecisionFor(GemmOf(8), 9, 6)});
  EXPECT_EQ(Choose(op, 8).decision_id, 9u);
  EXPECT_EQ(cache_.Statistics().decisions, 1u);
}

TEST_F(CacheTest, ReplaceDropsWhatIsNotInIt) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 5), DecisionFor(GemmOf(16), 8, 6)});
  cache_.Replace({DecisionFor(GemmOf(16), 1, 1)});
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_EQ(Choose(op, 16).decision_id, 1u);
}

TEST_F(CacheTest, ASnapshotInPartsIsSeenWhenItIsWhole) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 5)});
  cache_.BeginSnapshot();
  cache_.AddToSnapshot({DecisionFor(GemmOf(16), 8, 6)});
  cache_.AddToSnapshot({DecisionFor(GemmOf(32), 9, 7)});
  EXPECT_TRUE(Choose(op, 8).hit);
  EXPECT_FALSE(Choose(op, 16).hit);
  cache_.CommitSnapshot();
  EXPECT_FALSE(Choose(op, 8).hit);
  EXPECT_TRUE(Choose(op, 16).hit);
  EXPECT_TRUE(Choose(op, 32).hit);
}

TEST_F(CacheTest, ASnapshotThatIsBegunAgainStartsEmpty) {
  const OpHandle op = Register();
  cache_.BeginSnapshot();
  cache_.AddToSnapshot({DecisionFor(GemmOf(16), 8, 6)});
  cache_.BeginSnapshot();
  cache_.CommitSnapshot();
  EXPECT_FALSE(Choose(op, 16).hit);
}

TEST_F(CacheTest, DamagedDecisionsAreLeftOutAndCounted) {
  Decision empty = DecisionFor(GemmOf(8), 7, 1);
  empty.ranking.clear();
  Decision deep = DecisionFor(GemmOf(8), 8, 2);
  deep.key.problem.inputs[0].dims.resize(limits::kRank + 1);
  Decision negative = DecisionFor(GemmOf(-8), 9, 3);
  const Decision beyond = DecisionFor(GemmOf(8), uint64_t{1} << 48, 4);
  cache_.Replace({empty, deep, negative, beyond, DecisionFor(GemmOf(16), 10, 5)});
  EXPECT_EQ(cache_.Statistics().damaged, 4u);
  EXPECT_TRUE(Choose(Register(), 16).hit);
}

TEST_F(CacheTest, AnEqualSpecGivesTheSameOp) {
  const OpHandle first = Register();
  EXPECT_EQ(&first.spec(), &Register().spec());
  EXPECT_NE(&first.spec(), &Register(GemmSpec({kBlocked})).spec());
  OpSpec constrained = GemmSpec();
  constrained.constraints = {{1, 0, [](const Shapes& shapes) { return shapes[0][1]; }}};
  EXPECT_NE(&Register(constrained).spec(), &Register(constrained).spec());
}

TEST_F(CacheTest, ABadSpecIsRefused) {
  const auto refused = cache_.Register(GemmSpec({}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CacheTest, AfterTuningItsProfilesACallHits) {
  const OpHandle op = Register();
  std::vector<Decision> decisions;
  const auto problems = op.Profiles({{5, 64}, {64, 32}});
  for (const Problem& problem : *problems) {
    decisions.push_back(DecisionFor(problem, decisions.size() + 1, decisions.size() + 1));
  }
  EXPECT_THAT(decisions, SizeIs(4));
  cache_.Replace(decisions);
  for (int64_t m = 1; m <= 8; ++m) EXPECT_TRUE(Choose(op, m).hit) << m;
  EXPECT_FALSE(Choose(op, 9).hit);
}

TEST_F(CacheTest, ProfilesThatSaturateToOneSizeAreOneProblem) {
  OpSpec spec = GemmSpec();
  spec.dynamic[0].buckets = {Buckets::Rule::kList, {16, 64, 128}, 1};
  spec.tune_max = 32;
  const auto problems = Register(spec).Profiles({{100, 64}, {64, 32}});
  ASSERT_THAT(*problems, SizeIs(2));
  EXPECT_EQ((*problems)[0].inputs[0].dims[0].opt, 16);
  EXPECT_EQ((*problems)[1].inputs[0].dims[0].opt, 32);
}

TEST_F(CacheTest, MissingProfilesAreThoseWithoutADecision) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(2), 1, 1), DecisionFor(GemmOf(8), 2, 2)});
  std::vector<int64_t> missing;
  const auto problems = op.MissingProfiles({{5, 64}, {64, 32}});
  for (const Problem& problem : *problems) {
    missing.push_back(problem.inputs[0].dims[0].opt);
  }
  EXPECT_THAT(missing, ElementsAre(1, 4));
}

TEST_F(CacheTest, ProfilesOfBadShapesAreAnError) {
  const OpHandle op = Register();
  EXPECT_FALSE(op.Profiles({{5, 64}}).ok());
  EXPECT_FALSE(op.ProblemOf({{5, -64}, {64, 32}}).ok());
}

TEST_F(CacheTest, TacticsStayValidWhenTheirDecisionGoes) {
  const OpHandle op = Register();
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  const Choice choice = Choose(op, 8);
  cache_.Replace({});
  cache_.Replace({DecisionFor(GemmOf(8), 8, 2)});
  EXPECT_EQ(choice.tactic(), TacticOf(7));
}

TEST_F(CacheTest, ManyDecisionsAreAllFound) {
  const OpHandle op = Register();
  std::vector<Decision> decisions;
  for (int64_t k = 1; k <= 40; ++k) {
    for (int64_t n = 1; n <= 50; ++n) {
      decisions.push_back(DecisionFor(GemmOf(8, k, n), decisions.size() + 1, 1));
    }
  }
  cache_.Replace(decisions);
  for (const Decision& decision : decisions) {
    const int64_t k = decision.key.problem.inputs[1].dims[0].opt;
    const int64_t n = decision.key.problem.inputs[1].dims[1].opt;
    ASSERT_EQ(op.ChooseOne({{8, k}, {k, n}}).decision_id, decision.id);
  }
  EXPECT_EQ(cache_.Statistics().hits, decisions.size());
}

}  // namespace
}  // namespace tactic
