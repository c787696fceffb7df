#include "runners/cublaslt/gemm_op.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "runners/cublaslt/gemm_reference.h"

namespace tactic::cublaslt {
namespace {

OpSchema GemmSchema() {
  const std::vector<DType> dtypes = {DType::kBF16, DType::kF16, DType::kF32, DType::kTF32,
                                     DType::kF8E4M3};
  OpSchema schema;
  schema.op = "gemm";
  schema.inputs = {
      {"a", {"m", "k"}, dtypes, {Layout::kRowMajor}, false},
      {"b", {"k", "n"}, dtypes, {Layout::kRowMajor, Layout::kColMajor}, true},
  };
  schema.attributes = {{"a_scale", 1.0}, {"b_scale", 1.0}};
  return schema;
}

double ScaleOf(const Problem& problem, const char* name) {
  const Value* value = problem.attributes.Find(name);
  const double* scale = value == nullptr ? nullptr : std::get_if<double>(value);
  return scale == nullptr ? 1.0 : *scale;
}

// Of one rounding.
double EpsilonOf(DType dtype) {
  switch (dtype) {
    case DType::kBF16:
    case DType::kF8E4M3:  // Its output is bf16.
      return 0x1p-8;
    case DType::kF16:
    case DType::kTF32:  // Inputs lose what tf32 has no bits for.
      return 0x1p-11;
    default:
      return 0x1p-24;
  }
}

class GemmOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return GemmSchema(); }

  std::vector<Tensor> Outputs(const Problem& problem) const override {
    const GemmShape s = ShapeOf(problem).value();
    return {{OutputType(s.dtype), Layout::kRowMajor, {Dim::Static(s.m), Dim::Static(s.n)}}};
  }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const cudaError_t error =
        ReferenceGemm(ShapeOf(problem).value(), operands.inputs[0], operands.inputs[1],
                      operands.outputs[0], static_cast<cudaStream_t>(operands.stream));
    if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
  }

  // Two roundings of the result itself (the reference's and the candidate's), and two of a partial
  // sum: a split sum may be reduced in the output's type. Elements are of magnitude 0.4 on average,
  // so the sum of k products is about 0.16 · sqrt(k); 6 of these bound all elements of a matrix.
  // The f32 accumulation rounds once a product.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const GemmShape s = ShapeOf(problem).value();
    const double epsilon = EpsilonOf(s.dtype);
    const double k = static_cast<double>(s.k);
    const double sum = 6 * 0.16 * std::sqrt(k) * std::abs(s.a_scale * s.b_scale);
    return {sum * (2 * epsilon + std::sqrt(k) * 0x1p-23), 4 * epsilon};
  }

  double Flops(const Problem& problem) const override {
    const GemmShape s = ShapeOf(problem).value();
    return 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  }
};

}  // namespace

Result<GemmShape> ShapeOf(const Problem& problem) {
  static const OpSchema schema = GemmSchema();
  if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
  const Tensor& a = problem.inputs[0];
  const Tensor& b = problem.inputs[1];
  return GemmShape{a.dims[0].opt,
                   b.dims[1].opt,
                   a.dims[1].opt,
                   a.dtype,
                   b.layout == Layout::kColMajor,
                   ScaleOf(problem, "a_scale"),
                   ScaleOf(problem, "b_scale")};
}

DType OutputType(DType input) {
  if (input == DType::kF8E4M3) return DType::kBF16;
  return input == DType::kTF32 ? DType::kF32 : input;
}

std::unique_ptr<sdk::Op> MakeGemmOp() { return std::make_unique<GemmOp>(); }

}  // namespace tactic::cublaslt
