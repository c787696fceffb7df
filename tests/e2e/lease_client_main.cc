// A client process of the lease tests: it brings an op of its own, whose kernels copy a row, and
// has it tuned in this process.
//
//   lease_client TARGET NAME STOP
//
// Tells on standard output what happens, one line each: "waiting WHY", "granted LANE", "ran TACTIC"
// (the first time), "lost WHY", and last "done DECIDED FAILED DECISION MESSAGE". At STOP (granted,
// launching, measured or deciding; none: never) it says "stopped STOP" and goes on when it reads a
// line; launching is inside the kernel of tactic step=2.
#include <chrono>
#include <cstring>
#include <iostream>
#include <set>
#include <string>

#include "tactic/client.h"
#include "tactic/lease.h"
#include "tactic/sdk/runner.h"

namespace tactic::e2e {
namespace {

constexpr std::chrono::seconds kPatience(50);
constexpr int64_t kSteps = 4;

class Script {
 public:
  explicit Script(std::string stop) : stop_(std::move(stop)) {}

  void Say(const std::string& line) const { std::cout << line << std::endl; }
  // Stops here once, if this is where to.
  void Reach(const std::string& point) {
    if (point != stop_) return;
    stop_ = "none";
    Say("stopped " + point);
    std::string line;
    std::getline(std::cin, line);
  }
  void Ran(int64_t step) {
    if (ran_.insert(step).second) Say("ran step=" + std::to_string(step));
    if (step == 2) Reach("launching");
  }
  void On(const LeaseEvent& event) {
    switch (event.kind) {
      case LeaseEvent::Kind::kWaiting:
        return Say("waiting " + event.detail);
      case LeaseEvent::Kind::kGranted:
        Say("granted " + event.detail);
        return Reach("granted");
      case LeaseEvent::Kind::kMeasured:
        return Reach("measured");
      case LeaseEvent::Kind::kDeciding:
        return Reach("deciding");
      case LeaseEvent::Kind::kLost:
        return Say("lost " + event.detail);
      case LeaseEvent::Kind::kDecided:
        return;
    }
  }

 private:
  std::string stop_;
  std::set<int64_t> ran_;
};

class CopyOp final : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"copy_row", {{"x", {"cols"}, {DType::kF32}, {Layout::kRowMajor}, false}}, {}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    std::memcpy(operands.outputs[0], operands.inputs[0], Bytes(problem.inputs[0]));
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {}; }
  double Flops(const Problem&) const override { return 0; }
};

// Copies `step` elements at a time.
class CopyCall final : public sdk::Call {
 public:
  CopyCall(Script& script, int64_t cols, int64_t step)
      : script_(script), cols_(cols), step_(step) {}
  void Launch(const sdk::Operands& operands) override {
    script_.Ran(step_);
    const auto* in = static_cast<const float*>(operands.inputs[0]);
    auto* out = static_cast<float*>(operands.outputs[0]);
    for (int64_t i = 0; i < cols_; i += step_) {
      const int64_t count = std::min(step_, cols_ - i);
      std::memcpy(out + i, in + i, static_cast<size_t>(count) * sizeof(float));
    }
  }

 private:
  Script& script_;
  int64_t cols_, step_;
};

class CopyRunner final : public sdk::Runner {
 public:
  explicit CopyRunner(Script& script) : script_(script) {}
  RunnerId Id() const override { return {"stepper", "1"}; }
  std::vector<Tactic> Tactics(const Problem&) const override {
    std::vector<Tactic> tactics;
    for (int64_t step = 2; step <= kSteps; ++step) tactics.push_back({{"step", step}});
    return tactics;
  }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    return std::unique_ptr<sdk::Call>(std::make_unique<CopyCall>(
        script_, problem.inputs[0].dims[0].opt, tactic.IntOr("step", 1)));
  }

 private:
  Script& script_;
};

int Run(const std::string& target, const std::string& name, const std::string& stop) {
  Script script(stop);
  sdk::Registry registry;
  registry.Add(std::make_unique<CopyOp>());
  registry.Add("copy_row", std::make_unique<CopyRunner>(script));
  Client client({.target = target, .name = name});
  LeaseTuner tuner(client, registry,
                   {.on_event = [&](const LeaseEvent& event) { script.On(event); }});
  OpSpec spec;
  spec.op = "copy_row";
  spec.inputs = {{}};
  spec.runners = {{"stepper", "1"}};
  const OpHandle copy = client.Register(spec).value();
  const TuneOutcome outcome =
      tuner.Tune({copy.ProblemOf({{4096}}).value()}, spec.policy, kPatience);
  script.Say("done " + std::to_string(outcome.decided) + " " + std::to_string(outcome.failed) +
             " " + std::to_string(copy.ChooseOne({{4096}}).decision_id) + " " + outcome.message);
  return outcome.finished ? 0 : 1;
}

}  // namespace
}  // namespace tactic::e2e

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  return tactic::e2e::Run(argv[1], argv[2], argv[3]);
}
