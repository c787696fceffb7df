// A program that brings a runner of its own, which the daemon does not know: it is tuned in this
// process, under a lease, and from then on chosen from the table like any other.
//
//   own_runner [TARGET]     TARGET: unix:/path or host:port; default as everywhere
//
// Exits with 1 if there was no daemon, or not enough time, or a wrong result.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "client/examples/layer_norm.h"
#include "tactic/client.h"
#include "tactic/lease.h"
#include "tactic/sdk/runner.h"

namespace tactic::examples {
namespace {

constexpr int64_t kCols = 1024;
constexpr int64_t kRows[] = {1, 3, 16};
constexpr std::chrono::minutes kPatience(3);

void Tell(const LeaseEvent& event) {
  const std::string problem = ToText(event.problem);
  switch (event.kind) {
    case LeaseEvent::Kind::kWaiting:
      std::printf("%s: waiting: %s\n", problem.c_str(), event.detail.c_str());
      return;
    case LeaseEvent::Kind::kGranted:
      std::printf("%s: measuring\n", problem.c_str());
      return;
    case LeaseEvent::Kind::kLost:
      std::printf("%s: lost the lease: %s\n", problem.c_str(), event.detail.c_str());
      return;
    case LeaseEvent::Kind::kMeasured:
    case LeaseEvent::Kind::kDeciding:
    case LeaseEvent::Kind::kDecided:
      return;
  }
}

// Runs `choice` on some data and compares with the op's reference.
bool RunsRight(const sdk::Registry& registry, Problem problem, const Choice& choice) {
  const sdk::Registry::Entry& entry = *registry.Find("layer_norm");
  FillDefaults(entry.op->Schema(), problem);
  const auto elements = static_cast<size_t>(Elements(problem.inputs[0]));
  std::vector<float> x(elements), gamma(kCols, 1.5F), beta(kCols, 0.25F), y(elements),
      right(elements);
  for (size_t i = 0; i < elements; ++i) x[i] = std::sin(static_cast<float>(i));
  const void* const inputs[] = {x.data(), gamma.data(), beta.data()};
  void* const outputs[] = {y.data()};
  void* const expected[] = {right.data()};
  auto call = entry.runners[static_cast<size_t>(choice.runner)]->Prepare(problem, choice.tactic());
  if (!call.ok()) return false;
  (*call)->Launch({.inputs = inputs, .outputs = outputs});
  entry.op->Reference(problem, {.inputs = inputs, .outputs = expected});
  const sdk::Tolerance tolerance = entry.op->ToleranceFor(problem);
  for (size_t i = 0; i < elements; ++i) {
    const double bound = tolerance.absolute + tolerance.relative * std::abs(right[i]);
    if (!(std::abs(y[i] - right[i]) <= bound)) return false;
  }
  return true;
}

int Run(const std::string& target) {
  sdk::Registry registry;
  RegisterLayerNorm(registry);
  Client client({.target = target});
  LeaseTuner tuner(client, registry, {.on_event = Tell});

  OpSpec spec;
  spec.op = "layer_norm";
  spec.inputs = {{}, {}, {}};
  for (const auto& runner : registry.Find(spec.op)->runners) spec.runners.push_back(runner->Id());
  spec.dynamic = {{.input = 0, .dim = 0}};  // Rows are bucketed to powers of two.
  const OpHandle norm = client.Register(spec).value();
  client.WaitUntilReady(std::chrono::seconds(5));

  TuneOutcome outcome;
  {
    TuningScope scope(client, tuner);
    for (const int64_t rows : kRows) norm.ChooseOne({{rows, kCols}, {kCols}, {kCols}});
    outcome = scope.Wait(kPatience);
  }
  std::printf("%u tuned, %u failed%s%s\n", outcome.decided, outcome.failed,
              outcome.message.empty() ? "" : ": ", outcome.message.c_str());

  bool right = outcome.finished;
  for (const int64_t rows : kRows) {
    const Choice choice = norm.ChooseOne({{rows, kCols}, {kCols}, {kCols}});
    const Problem problem = norm.ProblemOf({{rows, kCols}, {kCols}, {kCols}}).value();
    const bool ran = RunsRight(registry, problem, choice);
    const RunnerId& runner = norm.spec().runners[static_cast<size_t>(choice.runner)];
    std::printf("%3ld rows: %s: %s%s\n", static_cast<long>(rows), choice.hit ? "hit" : "fallback",
                ToText(Candidate{runner, choice.tactic()}).c_str(), ran ? "" : ": WRONG RESULT");
    right = right && ran && choice.hit;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace tactic::examples

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && std::strncmp(argv[1], "-", 1) == 0)) {
    std::fprintf(stderr, "usage: own_runner [TARGET]\n");
    return 2;
  }
  return tactic::examples::Run(argc == 2 ? argv[1] : "");
}
