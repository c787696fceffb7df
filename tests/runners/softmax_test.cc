#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "runners/host/softmax/softmax_op.h"
#include "runners/host/softmax/softmax_runner.h"
#include "tests/runners/run_call.h"

namespace tactic::softmax {
namespace {

using ::testing::HasSubstr;

const sdk::Op& Op() {
  static const sdk::Op* const op = MakeSoftmaxOp().release();
  return *op;
}

const sdk::Runner& Runner() {
  static const sdk::Runner* const runner = MakeSoftmaxRunner(HostMachine::Detect()).release();
  return *runner;
}

Problem SoftmaxProblem(int64_t rows, int64_t cols) {
  return ProblemOf(Op(), {{"rows", rows}, {"cols", cols}});
}

std::set<Tactic> AllTactics() {
  const std::vector<Tactic> listed = Runner().Tactics(SoftmaxProblem(64, 64));
  std::set<Tactic> all(listed.begin(), listed.end());
  all.insert(Tactic());
  return all;
}

void ExpectRight(const Problem& problem, const std::vector<float>& x) {
  const std::vector<float> reference = ReferenceOf(Op(), problem, {x});
  for (const Tactic& tactic : AllTactics()) {
    SCOPED_TRACE(tactic.ToText() + " on " + ToText(problem));
    const auto call = Runner().Prepare(problem, tactic);
    ASSERT_TRUE(call.ok()) << call.error().message;
    const RunResult result = RunGuarded(**call, {x}, reference.size());
    ASSERT_EQ(Difference(result.output, reference, Op().ToleranceFor(problem)), "");
    ASSERT_TRUE(result.guards_intact);
    ASSERT_TRUE(result.inputs_intact);
  }
}

TEST(SoftmaxReference, OfTwoValues) {
  const std::vector<float> y = ReferenceOf(Op(), SoftmaxProblem(1, 2), {{0.0f, 1.0f}});
  EXPECT_FLOAT_EQ(y[0], static_cast<float>(1 / (1 + std::exp(1.0))));
  EXPECT_FLOAT_EQ(y[1], static_cast<float>(1 / (1 + std::exp(-1.0))));
}

TEST(Softmax, EveryTacticIsRightOnAwkwardSizes) {
  for (const int64_t rows : {0, 1, 2, 3, 7, 17}) {
    for (const int64_t cols : {0, 1, 3, 4, 7, 8, 15, 16, 17, 63, 64, 65, 129, 1000}) {
      const Problem problem = SoftmaxProblem(rows, cols);
      ExpectRight(problem, RandomValues(static_cast<size_t>(rows * cols), 7));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Softmax, IsStableForLargeAndFarApartValues) {
  std::vector<float> x = RandomValues(130, 3);
  for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] * 80 + 1e4f;
  x[5] = -1e30f;
  x[77] = -std::numeric_limits<float>::max();
  ExpectRight(SoftmaxProblem(2, 65), x);
}

// As masked attention does: whole vectors of -inf, at the start and in the tail.
TEST(Softmax, MinusInfinityCountsAsNothing) {
  std::vector<float> x = RandomValues(70, 4);
  for (size_t i = 0; i < 33; ++i) x[i] = -std::numeric_limits<float>::infinity();
  x[69] = -std::numeric_limits<float>::infinity();
  ExpectRight(SoftmaxProblem(1, 70), x);
}

TEST(Softmax, ANotANumberShowsInItsRow) {
  std::vector<float> x = RandomValues(200, 5);
  x[130] = std::numeric_limits<float>::quiet_NaN();
  const Problem problem = SoftmaxProblem(2, 100);
  for (const Tactic& tactic : AllTactics()) {
    const auto call = Runner().Prepare(problem, tactic);
    ASSERT_TRUE(call.ok()) << call.error().message;
    const std::vector<float> y = RunGuarded(**call, {x}, x.size()).output;
    EXPECT_FALSE(std::isnan(y[0])) << tactic.ToText();
    EXPECT_TRUE(std::isnan(y[130])) << tactic.ToText();
    EXPECT_TRUE(std::isnan(y[199])) << tactic.ToText();
  }
}

TEST(SoftmaxTactics, AtLeastTwelveNoneTwiceAlwaysTheSame) {
  for (const HostMachine& machine :
       {HostMachine{sdk::VectorSet::kAvx2Fma, 2}, HostMachine{sdk::VectorSet::kAvx512, 64}}) {
    const auto runner = MakeSoftmaxRunner(machine);
    for (const int64_t rows : {1, 16, 512}) {
      const Problem problem = SoftmaxProblem(rows, 2048);
      const std::vector<Tactic> tactics = runner->Tactics(problem);
      EXPECT_GE(tactics.size(), 12u) << rows;
      EXPECT_EQ(std::set<Tactic>(tactics.begin(), tactics.end()).size(), tactics.size());
      EXPECT_EQ(tactics, runner->Tactics(problem));
    }
  }
}

TEST(SoftmaxTactics, WrongOnesAreRefusedByNameAndValue) {
  const auto runner = MakeSoftmaxRunner({sdk::VectorSet::kAvx2Fma, 2});
  const std::vector<std::pair<Tactic, std::vector<std::string>>> bad = {
      {{{"tile", int64_t{8}}}, {"tile", "8", "passes"}},
      {{{"passes", std::string("four")}}, {"passes", "four", "online"}},
      {{{"vectors", std::string("mmx")}}, {"vectors", "mmx", "avx2"}},
      {{{"unroll", int64_t{2}}}, {"unroll", "2", "1 or 4"}},
      {{{"threads", int64_t{3}}}, {"threads", "3", "1 to 2"}},
      {{{"vectors", std::string("avx2")}, {"exp", std::string("library")}}, {"exp", "library"}},
  };
  for (const auto& [tactic, words] : bad) {
    const auto call = runner->Prepare(SoftmaxProblem(2, 2), tactic);
    ASSERT_FALSE(call.ok()) << tactic.ToText();
    EXPECT_EQ(call.error().code, ErrorCode::kInvalidArgument);
    for (const std::string& word : words) EXPECT_THAT(call.error().message, HasSubstr(word));
  }
}

TEST(SoftmaxTactics, ForWiderVectorsThanTheMachineHasAreAPrecondition) {
  const auto runner = MakeSoftmaxRunner({sdk::VectorSet::kAvx2Fma, 2});
  const auto call = runner->Prepare(SoftmaxProblem(2, 2), {{"vectors", std::string("avx512")}});
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tactic::softmax
