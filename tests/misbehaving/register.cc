#include "tests/misbehaving/register.h"

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/misbehaving/acts.h"

namespace tactic::misbehaving {
namespace {

constexpr int64_t kFastestMicros = 30;  // Long enough to be sampled one launch at a time.
constexpr int64_t kDefaultMicros = 60;

std::vector<std::string> ActsOf(const Problem& problem) {
  std::vector<std::string> names;
  std::istringstream list(problem.attributes.StringOr("acts", ""));
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

bool Has(const Problem& problem, std::string_view act) {
  for (const std::string& name : ActsOf(problem)) {
    if (name == act) return true;
  }
  return false;
}

class EchoOp : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"echo",
            {{"x", {"n"}, {DType::kF32}, {Layout::kRowMajor}, false}},
            {{"acts", std::string()},
             {"default", true},
             {"directory", std::string()},
             {"good", int64_t{2}}}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    if (Has(problem, "reference")) Crash();
    Echo({operands, static_cast<size_t>(Elements(problem.inputs[0])), ""});
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {}; }
  double Flops(const Problem&) const override { return 0; }
};

// Takes `micros` on every machine.
class GoodCall : public sdk::Call {
 public:
  GoodCall(size_t elements, int64_t micros) : elements_(elements), micros_(micros) {}
  void Launch(const sdk::Operands& operands) override {
    if (MemoryIsSpoilt()) Crash();
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(micros_);
    Echo({operands, elements_, ""});
    while (std::chrono::steady_clock::now() < until) {
    }
  }

 private:
  size_t elements_;
  int64_t micros_;
};

// Is as fast as the fastest, so that nothing but its act ends it.
class BadCall : public sdk::Call {
 public:
  BadCall(size_t elements, void (*act)(const Scene&), std::string directory)
      : elements_(elements), act_(act), directory_(std::move(directory)) {}
  void Launch(const sdk::Operands& operands) override {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(kFastestMicros);
    act_({operands, elements_, directory_});
    while (std::chrono::steady_clock::now() < until) {
    }
  }

 private:
  size_t elements_;
  void (*act_)(const Scene&);
  std::string directory_;
};

class MisbehavingRunner : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"misbehaving", "1"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    if (Has(problem, "list")) Crash();
    std::vector<Tactic> tactics;
    for (const std::string& name : ActsOf(problem)) {
      if (FindAct(name) != nullptr) tactics.push_back({{"act", name}});
    }
    for (int64_t i = 0; i < problem.attributes.IntOr("good", 0); ++i) {
      tactics.push_back({{"act", std::string("good")}, {"micros", kFastestMicros + 10 * i}});
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const auto elements = static_cast<size_t>(Elements(problem.inputs[0]));
    const std::string directory = problem.attributes.StringOr("directory", "");
    const Act* act = FindAct(tactic.StringOr("act", ""));
    if (tactic.empty() && !problem.attributes.BoolOr("default", true)) {
      return InvalidArgument("default is false");
    }
    if (act == nullptr) {
      return std::unique_ptr<sdk::Call>(
          std::make_unique<GoodCall>(elements, tactic.IntOr("micros", kDefaultMicros)));
    }
    if (act->when == When::kPrepare) act->act({sdk::Operands{}, elements, directory});
    return std::unique_ptr<sdk::Call>(std::make_unique<BadCall>(elements, act->act, directory));
  }
};

}  // namespace

void Register(sdk::Registry& registry) {
  registry.Add(std::make_unique<EchoOp>());
  registry.Add("echo", std::make_unique<MisbehavingRunner>());
}

}  // namespace tactic::misbehaving
