// Launch allocates nothing, in any thread.
#include <gtest/gtest.h>

#include "tactic/host_runners.h"
#include "tactic/sdk/host.h"
#include "tests/runners/run_call.h"
#include "tests/support/allocations.h"

namespace tactic {
namespace {

void ExpectNoAllocation(const sdk::Registry& registry, const std::string& op,
                        const Problem& problem) {
  const sdk::Registry::Entry& entry = *registry.Find(op);
  const auto inputs = RandomInputs(problem);
  std::vector<const void*> pointers;
  for (const std::vector<float>& input : inputs) pointers.push_back(input.data());
  std::vector<float> output(static_cast<size_t>(Elements(entry.op->Outputs(problem)[0])));
  void* const out[] = {output.data()};
  for (const auto& runner : entry.runners) {
    for (const Tactic& tactic : runner->Tactics(problem)) {
      const auto call = runner->Prepare(problem, tactic);
      ASSERT_TRUE(call.ok()) << call.error().message;
      const sdk::AlignedBytes workspace = sdk::AllocateAligned((*call)->WorkspaceBytes());
      const size_t before = testing::AllocationsOfProcess();
      (*call)->Launch({pointers, out, workspace.get()});
      EXPECT_EQ(testing::AllocationsOfProcess(), before)
          << runner->Id().name << " " << tactic.ToText();
    }
  }
}

TEST(Launch, AllocatesNothing) {
  sdk::Registry registry;
  RegisterHostRunners(registry);
  const size_t before = testing::AllocationsOfProcess();
  ::operator delete(::operator new(1));
  ASSERT_GT(testing::AllocationsOfProcess(), before) << "operator new is not the counting one";
  const sdk::Op& gemm = *registry.Find("gemm")->op;
  for (const Layout layout : {Layout::kRowMajor, Layout::kColMajor}) {
    for (const int64_t m : {1, 40}) {
      ExpectNoAllocation(registry, "gemm",
                         ProblemOf(gemm, {{"m", m}, {"n", 300}, {"k", 600}}, {{"b", layout}}));
    }
  }
  const sdk::Op& softmax = *registry.Find("softmax")->op;
  ExpectNoAllocation(registry, "softmax", ProblemOf(softmax, {{"rows", 8}, {"cols", 100}}));
}

}  // namespace
}  // namespace tactic
