// A program with the whole client, and no daemon: it starts, chooses the fallback, gets no lease,
// and ends.
#include <tactic/client.h>
#include <tactic/host_runners.h>
#include <tactic/lease.h>

#include <chrono>
#include <cstdio>

int main() {
  tactic::sdk::Registry registry;
  tactic::RegisterHostRunners(registry);
  tactic::OpSpec spec;
  spec.op = "softmax";
  spec.inputs = {{}};
  for (const auto& runner : registry.Find("softmax")->runners) spec.runners.push_back(runner->Id());

  tactic::Client client({.target = "unix:/nonexistent/tacticd.sock"});
  const auto softmax = client.Register(spec);
  if (!softmax.ok()) {
    std::fprintf(stderr, "%s\n", softmax.error().message.c_str());
    return 1;
  }
  const tactic::Choice choice = softmax->ChooseOne({{4, 128}});
  tactic::LeaseTuner tuner(client, registry);
  if (tuner.Tune({softmax->ProblemOf({{4, 128}}).value()}, {}, std::chrono::milliseconds(1))
          .finished) {
    return 1;
  }
  const tactic::ClientStatistics statistics = client.Statistics();
  std::printf("hit %d, misses %llu\n", choice.hit,
              static_cast<unsigned long long>(statistics.cache.misses));
  return choice.hit || statistics.cache.misses != 1 ||
                 statistics.freshness != tactic::Freshness::kOffline
             ? 1
             : 0;
}
