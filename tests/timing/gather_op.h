// An op with an integer index input, for tests: y[i,:] = scale * table[indices[i],:].
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tactic/sdk/runner.h"

namespace tactic::timing {

// n indices (i32) into a table of rows x cols (f32, a weight); attribute scale, 1 if left out.
class GatherOp : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"gather",
            {{"indices", {"n"}, {DType::kI32}, {Layout::kRowMajor}, false, true},
             {"table", {"rows", "cols"}, {DType::kF32}, {Layout::kRowMajor}, true}},
            {{"scale", 1.0}}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override {
    return {
        {DType::kF32, Layout::kRowMajor, {problem.inputs[0].dims[0], problem.inputs[1].dims[1]}}};
  }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    Gather(problem, operands);
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {.absolute = 1e-6}; }
  double Flops(const Problem& problem) const override {
    return static_cast<double>(Elements(problem.inputs[0]));
  }
  std::vector<sdk::InputFill> InputFills(const Problem& problem) const override {
    return {sdk::IndexFill{.below = problem.inputs[1].dims[0].opt}, sdk::DefaultFill{}};
  }

  // Throws std::out_of_range for an index that is not legal.
  static void Gather(const Problem& problem, const sdk::Operands& operands) {
    const int64_t rows = problem.inputs[1].dims[0].opt, cols = problem.inputs[1].dims[1].opt;
    const double scale = std::get<double>(*problem.attributes.Find("scale"));
    const auto* indices = static_cast<const int32_t*>(operands.inputs[0]);
    const auto* table = static_cast<const float*>(operands.inputs[1]);
    auto* y = static_cast<float*>(operands.outputs[0]);
    for (int64_t i = 0; i < problem.inputs[0].dims[0].opt; ++i) {
      if (indices[i] < 0 || indices[i] >= rows) {
        throw std::out_of_range("index " + std::to_string(indices[i]));
      }
      for (int64_t c = 0; c < cols; ++c) {
        *y++ = static_cast<float>(scale * table[indices[i] * cols + c]);
      }
    }
  }
};

class GatherRunner : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"host_gather", "1"}; }
  // One nested tactic, which carries the attribute along, so that a test sees that it came here.
  std::vector<Tactic> Tactics(const Problem& problem) const override {
    return {
        {{"tile", Parameters{{"rows", int64_t{4}}, {"scale", *problem.attributes.Find("scale")}}}}};
  }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem, const Tactic&) const override {
    return std::unique_ptr<sdk::Call>(std::make_unique<GatherCall>(problem));
  }

 private:
  class GatherCall : public sdk::Call {
   public:
    explicit GatherCall(Problem problem) : problem_(std::move(problem)) {}
    void Launch(const sdk::Operands& operands) override { GatherOp::Gather(problem_, operands); }

   private:
    const Problem problem_;
  };
};

}  // namespace tactic::timing
