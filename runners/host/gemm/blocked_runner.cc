#include "runners/host/gemm/blocked_runner.h"

#include <utility>

#include "runners/host/gemm/blocked_call.h"
#include "runners/host/thread_pool.h"
#include "tactic/sdk/environment.h"

namespace tactic::gemm {

namespace {

class BlockedRunner final : public sdk::Runner {
 public:
  explicit BlockedRunner(const HostMachine& machine) : machine_(machine) {}

  // Raise the unique id whenever a tactic comes to mean something else or to run at another speed:
  // what was measured before then no longer answers.
  RunnerId Id() const override { return {"host_blocked", "2"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const Result<Shape> shape = ShapeOf(problem);
    return shape.ok() ? TacticsFor(*shape, machine_, most_) : std::vector<Tactic>();
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const Result<Shape> shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    const Result<Plan> plan = PlanFor(*shape, machine_, tactic);
    if (!plan.ok()) return plan.error();
    ThreadPool::Process().Reserve(plan->threads);
    return std::unique_ptr<sdk::Call>(std::make_unique<BlockedCall>(*shape, *plan));
  }

 private:
  const HostMachine machine_;
  // The whole space is searched, not measured.
  const size_t most_ = sdk::CandidatesFromEnvironment("TACTIC_HOST_GEMM_CANDIDATES", kMaxTactics);
};

}  // namespace

std::unique_ptr<sdk::Runner> MakeBlockedRunner(const HostMachine& machine) {
  return std::make_unique<BlockedRunner>(machine);
}

}  // namespace tactic::gemm
