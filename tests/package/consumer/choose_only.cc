// A program that only chooses: cache and runners, no gRPC.
#include <tactic/cache.h>
#include <tactic/host_runners.h>

#include <cstdio>

int main() {
  tactic::sdk::Registry registry;
  tactic::RegisterHostRunners(registry);
  tactic::OpSpec spec;
  spec.op = "gemm";
  spec.inputs = {{}, {}};
  for (const auto& runner : registry.Find("gemm")->runners) spec.runners.push_back(runner->Id());
  spec.dynamic = {{.input = 0, .dim = 0}};

  tactic::Cache cache;
  const auto gemm = cache.Register(spec);
  if (!gemm.ok()) {
    std::fprintf(stderr, "%s\n", gemm.error().message.c_str());
    return 1;
  }
  const tactic::Choice choice = gemm->ChooseOne({{8, 64}, {64, 64}});
  std::printf("runner %d, tactic %s\n", choice.runner, choice.tactic().ToText().c_str());
  return choice.hit || choice.runner != 0 ? 1 : 0;
}
