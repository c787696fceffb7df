// The lists of gemm tactics, on this machine and on machines of other kinds; and what a tactic that
// is wrong gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runners/host/gemm/blocked_runner.h"
#include "runners/host/gemm/gemm_op.h"
#include "runners/host/gemm/openblas_runner.h"
#include "runners/host/gemm/plan.h"

namespace tactic::gemm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr HostMachine kSmall = {sdk::VectorSet::kAvx2Fma, 2};
constexpr HostMachine kServer = {sdk::VectorSet::kAvx512, 64};
constexpr HostMachine kOld = {sdk::VectorSet::kSse2, 1};

std::vector<Shape> ModelShapes() {
  std::vector<Shape> shapes;
  for (const bool transposed : {false, true}) {
    for (const int64_t m : {1, 2, 4, 8, 16, 32, 64, 512}) {
      shapes.push_back({m, 2048, 2048, transposed});
      shapes.push_back({m, 512, 2048, transposed});
      shapes.push_back({m, 8192, 2048, transposed});
      shapes.push_back({m, 2048, 8192, transposed});
    }
  }
  return shapes;
}

std::string TextOf(const Shape& s) {
  return std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k) +
         (s.b_transposed ? " transposed" : "");
}

TEST(GemmTactics, ManyButNotTooManyNoneTwice) {
  for (const HostMachine& machine : {kSmall, kServer}) {
    for (const Shape& shape : ModelShapes()) {
      const std::vector<Tactic> tactics = TacticsFor(shape, machine);
      EXPECT_GE(tactics.size(), 60u) << TextOf(shape);
      EXPECT_LE(tactics.size(), kMaxTactics) << TextOf(shape);
      EXPECT_EQ(std::set<Tactic>(tactics.begin(), tactics.end()).size(), tactics.size());
    }
  }
}

TEST(GemmTactics, AreTheSameEveryTime) {
  for (const Shape& shape : ModelShapes()) {
    EXPECT_EQ(TacticsFor(shape, kSmall), TacticsFor(shape, kSmall)) << TextOf(shape);
  }
}

TEST(GemmTactics, AreAllValidAndSayAllThatTheyMean) {
  for (const HostMachine& machine : {kOld, kSmall, kServer}) {
    for (const Shape& shape : ModelShapes()) {
      for (const Tactic& tactic : TacticsFor(shape, machine)) {
        const Result<Plan> plan = PlanFor(shape, machine, tactic);
        ASSERT_TRUE(plan.ok()) << tactic.ToText() << ": " << plan.error().message;
        ASSERT_EQ(ToTactic(*plan), tactic);
      }
    }
  }
}

TEST(GemmTactics, DoNotListTheDefaultAgain) {
  for (const Shape& shape : ModelShapes()) {
    const Tactic by_default = ToTactic(PlanFor(shape, kSmall, Tactic()).value());
    EXPECT_THAT(TacticsFor(shape, kSmall), Not(Contains(by_default))) << TextOf(shape);
  }
}

TEST(GemmTactics, DoNotPackTheWeightsOfOneRow) {
  for (const bool transposed : {false, true}) {
    for (const Tactic& tactic : TacticsFor({1, 2048, 8192, transposed}, kSmall)) {
      EXPECT_FALSE(tactic.BoolOr("pack_b", false)) << tactic.ToText();
    }
  }
}

TEST(GemmTactics, OfATinyProblemStartWithOneThread) {
  const std::vector<Tactic> tactics = TacticsFor({1, 64, 64, false}, kSmall);
  ASSERT_FALSE(tactics.empty());
  EXPECT_EQ(tactics[0].IntOr("threads", 0), 1);
}

TEST(GemmTactics, TheDefaultWakesAsManyThreadsAsTheProblemKeepsBusy) {
  const auto threads = [](const Shape& shape) {
    return PlanFor(shape, kServer, Tactic()).value().threads;
  };
  EXPECT_EQ(threads({1, 64, 64, false}), 1);
  EXPECT_EQ(threads({0, 64, 64, false}), 1);
  EXPECT_EQ(threads({1, 512, 2048, true}), 4);
  EXPECT_EQ(threads({64, 2048, 8192, true}), kServer.cores);
  // No product of sizes is too large to be one.
  EXPECT_EQ(threads({int64_t{1} << 21, int64_t{1} << 21, int64_t{1} << 21, false}), kServer.cores);
}

TEST(GemmTactics, OfAnEmptyProblemAreNone) {
  EXPECT_TRUE(TacticsFor({0, 4, 4, false}, kSmall).empty());
  EXPECT_TRUE(TacticsFor({4, 0, 4, false}, kSmall).empty());
  EXPECT_TRUE(TacticsFor({4, 4, 0, true}, kSmall).empty());
}

struct BadTactic {
  Tactic tactic;
  bool transposed;
  std::vector<std::string> words;  // That the message must have.
};

std::vector<BadTactic> BadTactics() {
  return {
      {{{"tile", int64_t{8}}}, false, {"tile", "8", "micro"}},
      {{{"micro", std::string("avx9_1x1")}}, false, {"micro", "avx9_1x1", "avx2_6x16"}},
      {{{"micro", int64_t{3}}}, false, {"micro", "3"}},
      {{{"micro", std::string("avx2_dot_4x3")}}, false, {"micro", "avx2_dot_4x3", "row_major"}},
      {{{"micro", std::string("avx2_axpy_1x4")}}, true, {"micro", "avx2_axpy_1x4", "col_major"}},
      {{{"micro", std::string("avx2_6x16")}, {"pack_b", false}}, true, {"pack_b", "false"}},
      {{{"micro", std::string("avx2_dot_4x3")}, {"pack_b", true}}, true, {"pack_b", "true"}},
      {{{"micro", std::string("avx2_axpy_1x4")}, {"kc", int64_t{64}}}, false, {"kc", "64"}},
      {{{"micro", std::string("avx2_6x16")}, {"kc", int64_t{3}}}, false, {"kc", "3", "4"}},
      {{{"nc", int64_t{-1}}}, false, {"nc", "-1", "1048576"}},
      {{{"micro", std::string("avx2_6x16")}, {"mc", true}}, false, {"mc", "true", "integer"}},
      {{{"unroll", int64_t{3}}}, false, {"unroll", "3", "1 or 4"}},
      {{{"prefetch", int64_t{1} << 20}}, false, {"prefetch", "1048576", "65536"}},
      {{{"split", std::string("q")}}, false, {"split", "q", "n m k"}},
      {{{"threads", int64_t{0}}}, false, {"threads", "0", "1 to 2"}},
      {{{"threads", int64_t{3}}}, false, {"threads", "3", "1 to 2"}},
  };
}

TEST(GemmTactics, WrongOnesAreRefusedByNameAndValue) {
  for (const BadTactic& bad : BadTactics()) {
    const Result<Plan> plan = PlanFor({4, 64, 64, bad.transposed}, kSmall, bad.tactic);
    ASSERT_FALSE(plan.ok()) << bad.tactic.ToText();
    EXPECT_EQ(plan.error().code, ErrorCode::kInvalidArgument) << plan.error().message;
    for (const std::string& word : bad.words) EXPECT_THAT(plan.error().message, HasSubstr(word));
  }
}

TEST(GemmTactics, ForWiderVectorsThanTheMachineHasAreAPrecondition) {
  const Tactic wide = {{"micro", std::string("avx512_14x32")}};
  const Result<Plan> plan = PlanFor({4, 64, 64, false}, kSmall, wide);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(plan.error().message, HasSubstr("avx512_14x32"));
  EXPECT_TRUE(PlanFor({4, 64, 64, false}, kServer, wide).ok());
}

TEST(OpenblasTactics, AreThreads) {
  const auto openblas = MakeOpenblasRunner();
  if (openblas == nullptr) return;  // Not installed: there is nothing to say of it.
  Problem problem =
      MakeProblem(MakeGemmOp()->Schema(), {{"m", 4}, {"n", 4}, {"k", 4}}, {}, {}, {}).value();
  for (const Tactic& tactic : openblas->Tactics(problem)) {
    EXPECT_TRUE(openblas->Prepare(problem, tactic).ok()) << tactic.ToText();
    EXPECT_LT(tactic.IntOr("threads", 0), sdk::HostThreads());
  }
  const auto none = openblas->Prepare(problem, {{"threads", int64_t{0}}});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(none.error().message, HasSubstr("threads is 0"));
  const auto unknown = openblas->Prepare(problem, {{"kc", int64_t{8}}});
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("kc is 8"));
}

TEST(BlockedRunner, RefusesWhatThePlanRefuses) {
  const auto runner = MakeBlockedRunner(HostMachine::Detect());
  const Problem problem =
      MakeProblem(MakeGemmOp()->Schema(), {{"m", 4}, {"n", 4}, {"k", 4}}, {}, {}, {}).value();
  const auto call = runner->Prepare(problem, {{"threads", int64_t{0}}});
  ASSERT_FALSE(call.ok());
  EXPECT_THAT(call.error().message, HasSubstr("threads is 0"));
}

}  // namespace
}  // namespace tactic::gemm
