#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runners/cuda_kernels/rms_norm.h"
#include "runners/cuda_kernels/tactic_values.h"
#include "runners/cuda_kernels/vector.cuh"

namespace tactic::cuda_kernels {
namespace {

constexpr int kMostKept = 4;  // Vectors of a row that one thread keeps.

struct RmsNormShape {
  int64_t rows = 0;
  int64_t cols = 0;
  DType dtype = DType::kBF16;
  float epsilon = 1e-5f;
};

struct Plan {
  int threads = 256;
  int vector = 8;
  bool keep = true;
};

template <typename T, int n, bool keep>
__global__ void RmsNormKernel(const T* __restrict__ x, const T* __restrict__ weight,
                              T* __restrict__ y, int cols, float epsilon) {
  __shared__ float scratch[33];
  using Vec = Vector<T, n>;
  const auto* row = reinterpret_cast<const Vec*>(x + int64_t{blockIdx.x} * cols);
  const auto* scale = reinterpret_cast<const Vec*>(weight);
  auto* out = reinterpret_cast<Vec*>(y + int64_t{blockIdx.x} * cols);
  const int vectors = cols / n;
  const int step = static_cast<int>(blockDim.x);
  const int first = static_cast<int>(threadIdx.x);
  Vec kept[keep ? kMostKept : 1];
  float squares = 0;
  if constexpr (keep) {
#pragma unroll
    for (int i = 0; i < kMostKept; ++i) {
      if (first + i * step >= vectors) break;
      kept[i] = row[first + i * step];
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const float value = Widen(kept[i].at[j]);
        squares += value * value;
      }
    }
  } else {
    for (int at = first; at < vectors; at += step) {
      const Vec vec = row[at];
#pragma unroll
      for (int j = 0; j < n; ++j) squares += Widen(vec.at[j]) * Widen(vec.at[j]);
    }
  }
  const float factor = rsqrtf(BlockSum(squares, scratch) / static_cast<float>(cols) + epsilon);
  const auto scaled = [&](const Vec& vec, int at) {
    const Vec w = scale[at];
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      result.at[j] = Narrow<T>(Widen(vec.at[j]) * factor * Widen(w.at[j]));
    }
    out[at] = result;
  };
  if constexpr (keep) {
#pragma unroll
    for (int i = 0; i < kMostKept; ++i) {
      if (first + i * step >= vectors) break;
      scaled(kept[i], first + i * step);
    }
  } else {
    for (int at = first; at < vectors; at += step) scaled(row[at], at);
  }
}

template <typename T>
__global__ void ReferenceKernel(const T* x, const T* weight, T* y, int cols, double epsilon) {
  const T* row = x + int64_t{blockIdx.x} * cols;
  if (threadIdx.x != 0) return;
  double squares = 0;
  for (int j = 0; j < cols; ++j) {
    squares += static_cast<double>(Widen(row[j])) * static_cast<double>(Widen(row[j]));
  }
  const double factor = 1 / sqrt(squares / cols + epsilon);
  for (int j = 0; j < cols; ++j) {
    const double value = static_cast<double>(Widen(row[j])) * factor * Widen(weight[j]);
    y[int64_t{blockIdx.x} * cols + j] = Narrow<T>(static_cast<float>(value));
  }
}

OpSchema RmsNormSchema() {
  const std::vector<DType> dtypes = {DType::kBF16, DType::kF16};
  OpSchema schema;
  schema.op = "rms_norm";
  schema.inputs = {{"x", {"rows", "cols"}, dtypes, {Layout::kRowMajor}, false},
                   {"weight", {"cols"}, dtypes, {Layout::kRowMajor}, true}};
  schema.attributes = {{"epsilon", 1e-5}};
  return schema;
}

Result<RmsNormShape> ShapeOf(const Problem& problem) {
  static const OpSchema schema = RmsNormSchema();
  if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
  RmsNormShape shape{problem.inputs[0].dims[0].opt, problem.inputs[0].dims[1].opt,
                     problem.inputs[0].dtype, 1e-5f};
  const Value* epsilon = problem.attributes.Find("epsilon");
  if (epsilon != nullptr) shape.epsilon = static_cast<float>(std::get<double>(*epsilon));
  if (shape.rows > 0x7fffffff || shape.cols > 0x7fffffff) {
    return InvalidArgument("rows and cols must each be below 2^31");
  }
  return shape;
}

class RmsNormOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return RmsNormSchema(); }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const RmsNormShape s = ShapeOf(problem).value();
    if (s.rows == 0 || s.cols == 0) return;
    const auto run = [&]<typename T>(const T* x) {
      ReferenceKernel<<<static_cast<unsigned>(s.rows), 32, 0,
                        static_cast<cudaStream_t>(operands.stream)>>>(
          x, static_cast<const T*>(operands.inputs[1]), static_cast<T*>(operands.outputs[0]),
          static_cast<int>(s.cols), static_cast<double>(s.epsilon));
    };
    if (s.dtype == DType::kBF16) {
      run(static_cast<const __nv_bfloat16*>(operands.inputs[0]));
    } else {
      run(static_cast<const __half*>(operands.inputs[0]));
    }
    ThrowOnLaunchError();
  }

  // Of the reference's rounding and the candidate's one each, and a little for the f32 sum.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const double epsilon = problem.inputs[0].dtype == DType::kBF16 ? 0x1p-8 : 0x1p-11;
    return {1e-6, 2.5 * epsilon};
  }

  double Flops(const Problem& problem) const override {
    const RmsNormShape s = ShapeOf(problem).value();
    return 4.0 * static_cast<double>(s.rows) * static_cast<double>(s.cols);
  }
};

class RmsNormCall final : public sdk::Call {
 public:
  RmsNormCall(const RmsNormShape& shape, const Plan& plan) : shape_(shape), plan_(plan) {}

  void Launch(const sdk::Operands& operands) override {
    if (shape_.rows == 0 || shape_.cols == 0) return;
    if (shape_.dtype == DType::kBF16) {
      LaunchAs<__nv_bfloat16>(operands);
    } else {
      LaunchAs<__half>(operands);
    }
    ThrowOnLaunchError();
  }

 private:
  template <typename T>
  void LaunchAs(const sdk::Operands& operands) {
    switch (plan_.vector) {
      case 8:
        return LaunchVector<T, 8>(operands);
      case 4:
        return LaunchVector<T, 4>(operands);
      case 2:
        return LaunchVector<T, 2>(operands);
      default:
        return LaunchVector<T, 1>(operands);
    }
  }

  template <typename T, int n>
  void LaunchVector(const sdk::Operands& operands) {
    const auto kernel = plan_.keep ? RmsNormKernel<T, n, true> : RmsNormKernel<T, n, false>;
    kernel<<<static_cast<unsigned>(shape_.rows), static_cast<unsigned>(plan_.threads), 0,
             static_cast<cudaStream_t>(operands.stream)>>>(
        static_cast<const T*>(operands.inputs[0]), static_cast<const T*>(operands.inputs[1]),
        static_cast<T*>(operands.outputs[0]), static_cast<int>(shape_.cols), shape_.epsilon);
  }

  const RmsNormShape shape_;
  const Plan plan_;
};

bool Keeps(const RmsNormShape& shape, const Plan& plan) {
  return shape.cols <= int64_t{plan.threads} * plan.vector * kMostKept;
}

// The widest vector that divides the row, and about a vector a thread.
Plan DefaultPlan(const RmsNormShape& shape) {
  Plan plan;
  plan.vector = WidestVector(shape.cols);
  plan.threads = ThreadsFor(shape.cols / plan.vector);
  plan.keep = Keeps(shape, plan);
  return plan;
}

class RmsNormRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"rms_norm", "1"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const auto shape = ShapeOf(problem);
    std::vector<Tactic> tactics;
    if (!shape.ok()) return tactics;
    const Plan by_default = DefaultPlan(*shape);
    for (const int64_t threads : kThreadChoices) {
      for (const int64_t vector : kVectorChoices) {
        if (shape->cols % vector != 0) continue;
        for (const bool keep : {true, false}) {
          const Plan plan{static_cast<int>(threads), static_cast<int>(vector), keep};
          if (keep && !Keeps(*shape, plan)) continue;
          if (plan.threads == by_default.threads && plan.vector == by_default.vector &&
              plan.keep == by_default.keep) {
            continue;
          }
          tactics.push_back({{"threads", threads}, {"vector", vector}, {"keep", keep}});
        }
      }
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const auto shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    Plan plan = DefaultPlan(*shape);
    TacticValues values(tactic);
    plan.threads = static_cast<int>(values.OneOf("threads", kThreadChoices, plan.threads));
    plan.vector = static_cast<int>(values.OneOf("vector", kVectorChoices, plan.vector));
    if (shape->cols % plan.vector != 0) values.Reject("vector", "a divisor of the row's length");
    plan.keep = values.Bool("keep", Keeps(*shape, plan));
    if (plan.keep && !Keeps(*shape, plan)) {
      values.Reject("keep", "false for rows longer than threads x vector x 4");
    }
    if (const Check check = values.Finish(); !check.ok()) return check.error();
    return std::unique_ptr<sdk::Call>(std::make_unique<RmsNormCall>(*shape, plan));
  }
};

}  // namespace

void RegisterRmsNorm(sdk::Registry& registry) {
  registry.Add(std::make_unique<RmsNormOp>());
  registry.Add("rms_norm", std::make_unique<RmsNormRunner>());
}

}  // namespace tactic::cuda_kernels
