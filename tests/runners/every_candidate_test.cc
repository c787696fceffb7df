// Every candidate of every built-in runner, through ChooseOne as a program calls it: captured, then
// replayed one by one, each checked against the op's reference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runners/timing/host_operands.h"
#include "tactic/cache.h"
#include "tactic/capture.h"
#include "tactic/host_runners.h"

namespace tactic {
namespace {

using ::testing::UnorderedElementsAre;

class EveryCandidateTest : public ::testing::Test {
 protected:
  EveryCandidateTest() { RegisterHostRunners(registry_); }

  OpHandle Register(const std::string& op, std::vector<Layout> layouts) {
    OpSpec spec;
    spec.op = op;
    for (const Layout layout : layouts) spec.inputs.push_back({.layout = layout});
    for (const auto& runner : registry_.Find(op)->runners) spec.runners.push_back(runner->Id());
    return cache_.Register(spec).value();
  }

  // Every (runner, tactic) for a call: the default, and what the runner lists.
  std::vector<ForcedChoice> CandidatesOf(const CapturedCall& call) const {
    const Problem problem = call.op.ProblemOf(call.shapes).value();
    std::vector<ForcedChoice> choices;
    const auto& runners = registry_.Find(problem.op)->runners;
    for (size_t r = 0; r < runners.size(); ++r) {
      choices.push_back({static_cast<int>(r), {}});
      for (Tactic& tactic : runners[r]->Tactics(problem)) {
        choices.push_back({static_cast<int>(r), std::move(tactic)});
      }
    }
    return choices;
  }

  // The code under test: chooses, prepares and runs, as a layer does. What was wrong, or empty.
  std::string Run(const OpHandle& op, const Problem& problem, timing::HostOperands& operands,
                  std::set<std::string>& met) {
    std::vector<Shape> shapes;
    const Shapes sizes = SizesOf(problem);
    for (const auto& size : sizes) shapes.emplace_back(std::span<const int64_t>(size));
    const Choice choice = op.ChooseOne(shapes);
    const auto& runner = registry_.Find(problem.op)->runners[static_cast<size_t>(choice.runner)];
    met.insert(runner->Id().name);
    auto call = runner->Prepare(problem, choice.tactic());
    if (!call.ok()) return call.error().message;
    operands.ResizeWorkspace((*call)->WorkspaceBytes());
    operands.Poison();
    (*call)->Launch({.inputs = operands.inputs(),
                     .outputs = operands.outputs(),
                     .workspace = operands.workspace()});
    for (const auto& failure :
         {operands.CheckBounds(), operands.CheckInputs(), operands.CheckOutputs()}) {
      if (failure) return failure->detail;
    }
    return "";
  }

  static Shapes SizesOf(const Problem& problem) {
    Shapes sizes;
    for (const Tensor& tensor : problem.inputs) {
      auto& shape = sizes.emplace_back();
      for (const Dim& dim : tensor.dims) shape.push_back(dim.opt);
    }
    return sizes;
  }

  // Runs all candidates for `sizes`; the runners that ran.
  std::set<std::string> CheckAll(const OpHandle& op, const Shapes& sizes) {
    const Problem problem = op.ProblemOf(sizes).value();
    timing::HostOperands operands(*registry_.Find(problem.op)->op, problem, /*seed=*/1);
    operands.ComputeReference();
    std::set<std::string> met;
    Capture capture(cache_);
    EXPECT_EQ(Run(op, problem, operands, met), "") << "the fallback";
    capture.Stop();
    const auto all = capture.Combinations([&](const auto& call) { return CandidatesOf(call); });
    EXPECT_TRUE(all.ok()) << all.error().message;
    for (size_t i = 0; i < all->size(); ++i) {
      const Combination combination = (*all)[i];
      const Replay replay(cache_, capture, combination);
      EXPECT_EQ(Run(op, problem, operands, met), "")
          << ToText(problem) << ": "
          << op.spec().runners[static_cast<size_t>(combination[0].runner)].name << ' '
          << combination[0].tactic.ToText();
      EXPECT_TRUE(replay.Status().ok());
    }
    return met;
  }

  sdk::Registry registry_;
  Cache cache_;
};

TEST_F(EveryCandidateTest, OfGemmIsRightOnAwkwardSizes) {
  for (const Layout layout : {Layout::kRowMajor, Layout::kColMajor}) {
    const OpHandle op = Register("gemm", {Layout::kRowMajor, layout});
    for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{
             {1, 1, 1}, {2, 3, 5}, {7, 65, 33}, {17, 31, 129}, {33, 1, 2}}) {
      EXPECT_THAT(CheckAll(op, {{m, k}, {k, n}}), UnorderedElementsAre("host_blocked", "openblas"));
    }
  }
}

TEST_F(EveryCandidateTest, OfSoftmaxIsRightOnAwkwardSizes) {
  const OpHandle op = Register("softmax", {Layout::kRowMajor});
  for (const auto& [rows, cols] :
       std::vector<std::array<int64_t, 2>>{{1, 1}, {3, 17}, {2, 129}, {65, 2}, {1, 1000}}) {
    EXPECT_THAT(CheckAll(op, {{rows, cols}}), UnorderedElementsAre("host_softmax"));
  }
}

// The ops that are built in are those that are tested above.
TEST_F(EveryCandidateTest, NoOpIsForgotten) {
  std::vector<std::string> ops;
  for (const auto& entry : registry_.entries()) ops.push_back(entry.op->Schema().op);
  EXPECT_THAT(ops, UnorderedElementsAre("gemm", "softmax"));
}

}  // namespace
}  // namespace tactic
