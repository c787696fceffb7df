#include "tactic/host_runners.h"

#include <utility>

#include "runners/host/gemm/blocked_runner.h"
#include "runners/host/gemm/gemm_op.h"
#include "runners/host/gemm/openblas_runner.h"
#include "runners/host/softmax/softmax_op.h"
#include "runners/host/softmax/softmax_runner.h"

namespace tactic {

void RegisterHostRunners(sdk::Registry& registry) {
  const HostMachine machine = HostMachine::Detect();
  registry.Add(gemm::MakeGemmOp());
  registry.Add("gemm", gemm::MakeBlockedRunner(machine));
  if (auto openblas = gemm::MakeOpenblasRunner()) registry.Add("gemm", std::move(openblas));
  registry.Add(softmax::MakeSoftmaxOp());
  registry.Add("softmax", softmax::MakeSoftmaxRunner(machine));
}

}  // namespace tactic
