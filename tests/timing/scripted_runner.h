// An op and runners for tests: y = x + w, computed by whatever code the test brings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tactic/sdk/runner.h"

namespace tactic::timing {

inline constexpr int64_t kSize = 1000;  // Elements of the problem.

inline Problem AddProblem() {
  const Tensor tensor{.dtype = DType::kF32, .dims = {Dim::Static(kSize)}};
  return {.op = "add", .inputs = {tensor, tensor}};
}

// y = x + w.
class AddOp : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {
        .op = "add",
        .inputs = {
            {.name = "x", .dims = {"n"}, .dtypes = {DType::kF32}, .layouts = {Layout::kRowMajor}},
            {.name = "w",
             .dims = {"n"},
             .dtypes = {DType::kF32},
             .layouts = {Layout::kRowMajor},
             .weight = true}}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    if (reference_throws) throw std::runtime_error("no reference");
    ++references;
    const auto* x = static_cast<const float*>(operands.inputs[0]);
    const auto* w = static_cast<const float*>(operands.inputs[1]);
    auto* y = static_cast<float*>(operands.outputs[0]);
    for (int64_t i = 0; i < Elements(problem.inputs[0]); ++i) y[i] = x[i] + w[i];
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {.absolute = 1e-6}; }
  double Flops(const Problem& problem) const override { return Elements(problem.inputs[0]); }

  bool reference_throws = false;
  mutable int references = 0;
};

struct Launch {
  const float* x;
  const float* w;
  float* y;
  std::byte* workspace;
  int number;  // Of this call's launches, from 1.
};

inline void Add(const Launch& launch) {
  for (int64_t i = 0; i < kSize; ++i) launch.y[i] = launch.x[i] + launch.w[i];
}

// A runner whose calls do what the test says.
class ScriptedRunner : public sdk::Runner {
 public:
  using Body = std::function<void(const Launch&)>;
  explicit ScriptedRunner(Body body, size_t workspace = 0)
      : body_(std::move(body)), workspace_(workspace) {}

  RunnerId Id() const override { return {"scripted", "1"}; }
  std::vector<Tactic> Tactics(const Problem&) const override { return {}; }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem&, const Tactic& tactic) const override {
    if (tactic.BoolOr("refuse", false)) {
      return Error{ErrorCode::kFailedPrecondition, "not on this CPU"};
    }
    if (tactic.BoolOr("throw", false)) throw std::runtime_error("thrown by Prepare\n");
    return std::unique_ptr<sdk::Call>(std::make_unique<ScriptedCall>(body_, workspace_));
  }

 private:
  class ScriptedCall : public sdk::Call {
   public:
    ScriptedCall(Body body, size_t workspace) : body_(std::move(body)), workspace_(workspace) {}
    size_t WorkspaceBytes() const override { return workspace_; }
    void Launch(const sdk::Operands& operands) override {
      body_({static_cast<const float*>(operands.inputs[0]),
             static_cast<const float*>(operands.inputs[1]),
             static_cast<float*>(operands.outputs[0]), static_cast<std::byte*>(operands.workspace),
             ++launches_});
    }

   private:
    Body body_;
    size_t workspace_;
    int launches_ = 0;
  };

  Body body_;
  size_t workspace_;
};

}  // namespace tactic::timing
