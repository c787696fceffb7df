// Every gemm runner computes what the reference computes, with every tactic, on awkward sizes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tactic/host_runners.h"
#include "tests/runners/run_call.h"

namespace tactic {
namespace {

using ::testing::HasSubstr;

constexpr Layout kLayouts[] = {Layout::kRowMajor, Layout::kColMajor};

const sdk::Registry::Entry& Gemm() {
  static const sdk::Registry* const registry = [] {
    auto* filled = new sdk::Registry;
    RegisterHostRunners(*filled);
    return filled;
  }();
  return *registry->Find("gemm");
}

Problem GemmProblem(int64_t m, int64_t n, int64_t k, Layout layout) {
  return ProblemOf(*Gemm().op, {{"m", m}, {"n", n}, {"k", k}}, {{"b", layout}});
}

struct Size {
  int64_t m, n, k;
};

// Every pair of awkward sizes occurs, for any two of the three dimensions.
std::vector<Size> AwkwardSizes() {
  constexpr int64_t kSizes[] = {1, 3, 7, 17, 64, 65};
  std::vector<Size> sizes;
  for (size_t i = 0; i < 6; ++i) {
    for (size_t j = 0; j < 6; ++j) {
      sizes.push_back({kSizes[i], kSizes[j], kSizes[(i + j) % 6]});
    }
  }
  return sizes;
}

// All that the runner would measure for problems of a model's sizes, with this layout.
std::set<Tactic> ModelTactics(const sdk::Runner& runner, Layout layout) {
  std::set<Tactic> tactics = {Tactic()};
  for (const int64_t m : {1, 4, 16, 256}) {
    for (const Tactic& tactic : runner.Tactics(GemmProblem(m, 2048, 2048, layout))) {
      tactics.insert(tactic);
    }
  }
  return tactics;
}

// Runs `tactics` on one problem; the first difference from the reference fails.
void ExpectRight(const sdk::Runner& runner, const Problem& problem,
                 const std::set<Tactic>& tactics) {
  const auto inputs = RandomInputs(problem);
  const std::vector<float> reference = ReferenceOf(*Gemm().op, problem, inputs);
  const sdk::Tolerance tolerance = Gemm().op->ToleranceFor(problem);
  for (const Tactic& tactic : tactics) {
    SCOPED_TRACE(runner.Id().name + " " + tactic.ToText() + " on " + ToText(problem));
    const auto call = runner.Prepare(problem, tactic);
    ASSERT_TRUE(call.ok()) << call.error().message;
    const RunResult result = RunGuarded(**call, inputs, reference.size());
    ASSERT_EQ(Difference(result.output, reference, tolerance), "");
    ASSERT_TRUE(result.guards_intact);
    ASSERT_TRUE(result.inputs_intact);
  }
}

TEST(GemmReference, IsThePlainSum) {
  for (const Layout layout : kLayouts) {
    for (const Size& size : {Size{1, 1, 1}, Size{5, 130, 67}, Size{3, 129, 4}, Size{9, 7, 200}}) {
      const Problem problem = GemmProblem(size.m, size.n, size.k, layout);
      const auto inputs = RandomInputs(problem);
      const auto reference = ReferenceOf(*Gemm().op, problem, inputs);
      for (int64_t i = 0; i < size.m; ++i) {
        for (int64_t j = 0; j < size.n; ++j) {
          double sum = 0;
          for (int64_t p = 0; p < size.k; ++p) {
            const int64_t b = layout == Layout::kColMajor ? j * size.k + p : p * size.n + j;
            sum += static_cast<double>(inputs[0][i * size.k + p]) * inputs[1][b];
          }
          ASSERT_FLOAT_EQ(reference[i * size.n + j], static_cast<float>(sum)) << ToText(problem);
        }
      }
    }
  }
}

TEST(GemmReference, OfAnEmptySumIsZero) {
  const Problem problem = GemmProblem(3, 5, 0, Layout::kRowMajor);
  const auto reference = ReferenceOf(*Gemm().op, problem, RandomInputs(problem));
  EXPECT_EQ(reference, std::vector<float>(15, 0.0f));
}

TEST(GemmRunners, EveryTacticIsRightOnAwkwardSizes) {
  for (const auto& runner : Gemm().runners) {
    for (const Layout layout : kLayouts) {
      const std::set<Tactic> tactics = ModelTactics(*runner, layout);
      for (const Size& size : AwkwardSizes()) {
        ExpectRight(*runner, GemmProblem(size.m, size.n, size.k, layout), tactics);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Blocks far smaller than the problem, so that every loop goes round several times and ends short.
TEST(GemmRunners, SmallBlocksAreRight) {
  const sdk::Runner& blocked = *Gemm().runners[0];
  for (const Layout layout : kLayouts) {
    const Problem problem = GemmProblem(43, 301, 101, layout);
    std::set<Tactic> small;
    for (Tactic tactic : ModelTactics(blocked, layout)) {
      if (tactic.Find("kc") != nullptr) tactic.Set("kc", int64_t{36});
      if (tactic.Find("mc") != nullptr) tactic.Set("mc", int64_t{16});
      tactic.Set("nc", int64_t{40});
      small.insert(std::move(tactic));
    }
    ExpectRight(blocked, problem, small);
  }
}

TEST(GemmRunners, SizesOfAModelAreRightWithTheTacticsMeasuredThere) {
  for (const Layout layout : kLayouts) {
    for (const int64_t m : {1, 5, 33}) {
      const Problem problem = GemmProblem(m, 261, 387, layout);
      for (const auto& runner : Gemm().runners) {
        const std::vector<Tactic> tactics = runner->Tactics(problem);
        ExpectRight(*runner, problem, {tactics.begin(), tactics.end()});
      }
    }
  }
}

TEST(GemmRunners, TheDefaultHandlesEmptySizes) {
  for (const auto& runner : Gemm().runners) {
    for (const Layout layout : kLayouts) {
      for (const Size& size : {Size{0, 0, 0}, Size{0, 3, 4}, Size{3, 0, 4}, Size{3, 4, 0},
                               Size{1, 4, 0}, Size{65, 40, 0}, Size{0, 4, 0}}) {
        ExpectRight(*runner, GemmProblem(size.m, size.n, size.k, layout), {Tactic()});
      }
    }
  }
}

// The terms of a tactic hold for any problem of its layout, so a sum over nothing works there too.
TEST(GemmRunners, EveryTacticHandlesAnEmptySum) {
  const sdk::Runner& blocked = *Gemm().runners[0];
  for (const Layout layout : kLayouts) {
    ExpectRight(blocked, GemmProblem(5, 33, 0, layout), ModelTactics(blocked, layout));
  }
}

TEST(GemmRunners, InTheOrderOfContests) {
  ASSERT_FALSE(Gemm().runners.empty());
  EXPECT_EQ(Gemm().runners[0]->Id(), (RunnerId{"host_blocked", "2"}));
  if (Gemm().runners.size() > 1) {
    const sdk::Runner& openblas = *Gemm().runners[1];
    EXPECT_EQ(openblas.Id().name, "openblas");
    ASSERT_EQ(openblas.Libraries().size(), 1u);
    EXPECT_EQ(openblas.Libraries()[0].name, "openblas");
    EXPECT_THAT(openblas.Libraries()[0].version, HasSubstr("OpenBLAS"));
  }
}

TEST(GemmRunners, RefuseAProblemOfAnotherOp) {
  Problem other = GemmProblem(1, 2, 3, Layout::kRowMajor);
  other.op = "softmax";
  for (const auto& runner : Gemm().runners) {
    const auto call = runner->Prepare(other, Tactic());
    ASSERT_FALSE(call.ok());
    EXPECT_EQ(call.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tactic
