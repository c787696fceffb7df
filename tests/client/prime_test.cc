// What must be loaded before a graph is captured.
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
using ::testing::HasSubstr;
using testing::HostEnvironment;
using ::testing::IsEmpty;
using testing::kBlocked;
using testing::kOpenBlas;
using ::testing::SizeIs;
using testing::TacticOf;

class PrimeTest : public ::testing::Test {
 protected:
  PrimeTest() { cache_.SetEnvironments(Environments()); }
  OpHandle Register(OpSpec spec) { return cache_.Register(std::move(spec)).value(); }

  Cache cache_;
};

TEST_F(PrimeTest, ListsEachAnswerOfTheTableOnce) {
  const OpHandle op = Register(GemmSpec());
  EXPECT_THAT(cache_.Prime(op).value(), IsEmpty());
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1), DecisionFor(GemmOf(16), 9, 2)});
  cache_.Apply({DecisionFor(GemmOf(8), 11, 3)});  // Replaces the first.
  const auto primed = cache_.Prime(op).value();
  ASSERT_THAT(primed, SizeIs(2));
  for (const Primed& one : primed) {
    const int64_t m = one.problem.inputs[0].dims[0].opt;
    EXPECT_EQ(one.problem, GemmOf(m));
    EXPECT_EQ(&one.op.spec(), &op.spec());
    EXPECT_EQ(one.choice.runner, 0);
    EXPECT_EQ(one.choice.tactic(), TacticOf(m == 8 ? 11 : 9));
    const Choice chosen = op.ChooseOne({{m, 64}, {64, 32}});
    EXPECT_EQ(one.choice.chosen, chosen.chosen) << "what ChooseOne answers, to the very object";
    EXPECT_EQ(one.choice.decision_id, chosen.decision_id);
  }
}

TEST_F(PrimeTest, GivesEachOpTheRunnerThatItHas) {
  Register(GemmSpec());
  const OpHandle blas_only = Register(GemmSpec({{"another", "1"}, kOpenBlas}));
  const OpHandle neither = Register(GemmSpec({{"another", "1"}}));
  cache_.Replace({DecisionFor(GemmOf(8), 7, 1)});
  EXPECT_THAT(cache_.Prime(neither).value(), IsEmpty());
  const auto blas = cache_.Prime(blas_only).value();
  ASSERT_THAT(blas, SizeIs(1));
  EXPECT_EQ(blas[0].choice.runner, 1);
  EXPECT_TRUE(blas[0].choice.tactic().empty());
  EXPECT_THAT(cache_.Prime().value(), SizeIs(2)) << "all ops of the cache";
}

TEST_F(PrimeTest, LeavesOutOtherEnvironmentsAndTypes) {
  const OpHandle op = Register(GemmSpec());
  Decision foreign = DecisionFor(GemmOf(8), 7, 1);
  foreign.key.environment = HostEnvironment("2");
  Decision other_type = DecisionFor(GemmOf(16), 8, 2);
  for (Tensor& input : other_type.key.problem.inputs) input.dtype = DType::kF16;
  cache_.Replace({foreign, other_type});
  EXPECT_THAT(cache_.Prime(op).value(), IsEmpty());
}

OpSpec ConstrainedSpec(std::function<int64_t(const Shapes&)> infer) {
  OpSpec spec = GemmSpec();
  spec.constraints = {{.input = 1, .dim = 0, .infer = std::move(infer)}};
  return spec;
}

Decision ConstrainedDecision() {
  Decision decision = DecisionFor(GemmOf(8), 7, 1);
  decision.key.problem.inputs[1].dims[0] = Dim::Derived(64);
  return decision;
}

TEST_F(PrimeTest, ConstrainedSizesAreInferred) {
  const OpHandle op = Register(ConstrainedSpec([](const Shapes& s) { return s[0][1] * 2; }));
  cache_.Replace({ConstrainedDecision()});
  const auto primed = cache_.Prime(op).value();
  ASSERT_THAT(primed, SizeIs(1));
  EXPECT_EQ(primed[0].problem.inputs[1].dims[0], Dim::Derived(128));
}

TEST_F(PrimeTest, AConstraintThatFailsIsAnErrorOfItsOp) {
  Register(ConstrainedSpec([](const Shapes&) { return -1; }));
  cache_.Replace({ConstrainedDecision()});
  const auto primed = cache_.Prime();
  ASSERT_FALSE(primed.ok());
  EXPECT_THAT(primed.error().message, HasSubstr("op 'gemm': constraints[0].infer is -1"));
}

}  // namespace
}  // namespace tactic
