#include "runners/host/softmax/softmax_op.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tactic::softmax {

namespace {

OpSchema SoftmaxSchema() {
  OpSchema schema;
  schema.op = "softmax";
  schema.inputs = {{"x", {"rows", "cols"}, {DType::kF32}, {Layout::kRowMajor}, false}};
  return schema;
}

void ReferenceRow(const float* x, float* y, int64_t cols) {
  const double max = *std::max_element(x, x + cols);
  double sum = 0;
  for (int64_t j = 0; j < cols; ++j) sum += std::exp(static_cast<double>(x[j]) - max);
  for (int64_t j = 0; j < cols; ++j) {
    y[j] = static_cast<float>(std::exp(static_cast<double>(x[j]) - max) / sum);
  }
}

class SoftmaxOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return SoftmaxSchema(); }

  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const Shape s = ShapeOf(problem).value();
    if (s.cols == 0) return;
    const auto* x = static_cast<const float*>(operands.inputs[0]);
    auto* y = static_cast<float*>(operands.outputs[0]);
    for (int64_t i = 0; i < s.rows; ++i) ReferenceRow(x + i * s.cols, y + i * s.cols, s.cols);
  }

  // The difference to the maximum is rounded once, which exp makes a relative error of up to 87
  // roundings; the sum of a row, kept in four lanes or more, rounds cols / 4 times. The absolute
  // part is for results that underflow.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
    const double cols = static_cast<double>(ShapeOf(problem).value().cols);
    return {1e-7 / std::max(1.0, cols), kEpsilon * (200 + cols / 8)};
  }

  // A comparison, a subtraction, an exponential counted as one, a sum and a product per element.
  double Flops(const Problem& problem) const override {
    const Shape s = ShapeOf(problem).value();
    return 5.0 * static_cast<double>(s.rows) * static_cast<double>(s.cols);
  }
};

}  // namespace

Result<Shape> ShapeOf(const Problem& problem) {
  static const OpSchema schema = SoftmaxSchema();
  if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
  return Shape{problem.inputs[0].dims[0].opt, problem.inputs[0].dims[1].opt};
}

std::unique_ptr<sdk::Op> MakeSoftmaxOp() { return std::make_unique<SoftmaxOp>(); }

}  // namespace tactic::softmax
