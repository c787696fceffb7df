// Launch allocates nothing. Apart from the other tests, because it replaces operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tactic/host_runners.h"
#include "tactic/sdk/host.h"
#include "tests/runners/run_call.h"

namespace {
std::atomic<int> allocations{0};
}  // namespace

// Not inlined: GCC 12 warns of the malloc and free that it then sees at places that use new and
// delete.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes == 0 ? 1 : bytes)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

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
      const int before = allocations.load();
      (*call)->Launch({pointers, out, workspace.get()});
      EXPECT_EQ(allocations.load(), before) << runner->Id().name << " " << tactic.ToText();
    }
  }
}

TEST(Launch, AllocatesNothing) {
  sdk::Registry registry;
  RegisterHostRunners(registry);
  const int before = allocations.load();
  ::operator delete(::operator new(1));
  ASSERT_GT(allocations.load(), before) << "operator new is not the counting one";
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
