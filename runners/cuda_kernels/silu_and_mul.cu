#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runners/cuda_kernels/silu_and_mul.h"
#include "runners/cuda_kernels/tactic_values.h"
#include "runners/cuda_kernels/vector.cuh"

namespace tactic::cuda_kernels {
namespace {

constexpr std::array<int64_t, 3> kUnrollChoices = {2, 1, 4};
constexpr int64_t kMostInFlight = 16384;  // Elements of a block: more find no registers.

struct SiluShape {
  int64_t rows = 0;
  int64_t cols = 0;  // Of the output.
  DType dtype = DType::kBF16;
};

struct Plan {
  int threads = 256;
  int vector = 8;
  int unroll = 2;
};

__device__ float Silu(float x) { return x / (1.0f + __expf(-x)); }

// A grid of (pieces of a row, rows).
template <typename T, int n, int unroll>
__global__ void SiluKernel(const T* __restrict__ x, T* __restrict__ y, int64_t cols) {
  using Vec = Vector<T, n>;
  const int64_t row = blockIdx.y;
  const auto* left = reinterpret_cast<const Vec*>(x + row * 2 * cols);
  const auto* right = reinterpret_cast<const Vec*>(x + row * 2 * cols + cols);
  auto* out = reinterpret_cast<Vec*>(y + row * cols);
  const int64_t vectors = cols / n;
  const int64_t first = int64_t{blockIdx.x} * blockDim.x * unroll + threadIdx.x;
  Vec gate[unroll];
  Vec up[unroll];
#pragma unroll
  for (int i = 0; i < unroll; ++i) {
    const int64_t at = first + int64_t{i} * blockDim.x;
    if (at < vectors) {
      gate[i] = left[at];
      up[i] = right[at];
    }
  }
#pragma unroll
  for (int i = 0; i < unroll; ++i) {
    const int64_t at = first + int64_t{i} * blockDim.x;
    if (at >= vectors) continue;
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      result.at[j] = Narrow<T>(Silu(Widen(gate[i].at[j])) * Widen(up[i].at[j]));
    }
    out[at] = result;
  }
}

template <typename T>
__global__ void ReferenceKernel(const T* x, T* y, int64_t rows, int64_t cols) {
  const int64_t count = rows * cols;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / cols;
    const int64_t col = i % cols;
    const double gate = Widen(x[row * 2 * cols + col]);
    const double up = Widen(x[row * 2 * cols + cols + col]);
    y[i] = Narrow<T>(static_cast<float>(gate / (1 + exp(-gate)) * up));
  }
}

OpSchema SiluSchema() {
  OpSchema schema;
  schema.op = "silu_and_mul";
  schema.inputs = {
      {"x", {"rows", "width"}, {DType::kBF16, DType::kF16}, {Layout::kRowMajor}, false}};
  return schema;
}

Result<SiluShape> ShapeOf(const Problem& problem) {
  static const OpSchema schema = SiluSchema();
  if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
  const int64_t width = problem.inputs[0].dims[1].opt;
  if (width % 2 != 0) {
    return InvalidArgument("width is " + std::to_string(width) +
                           "; it must be even: two halves of a row");
  }
  return SiluShape{problem.inputs[0].dims[0].opt, width / 2, problem.inputs[0].dtype};
}

class SiluOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return SiluSchema(); }

  std::vector<Tensor> Outputs(const Problem& problem) const override {
    const int64_t cols = problem.inputs[0].dims[1].opt / 2;
    return {{problem.inputs[0].dtype,
             Layout::kRowMajor,
             {Dim::Static(problem.inputs[0].dims[0].opt), Dim::Static(cols)}}};
  }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const auto shape = ShapeOf(problem);
    if (!shape.ok()) throw std::runtime_error(shape.error().message);
    if (shape->rows == 0 || shape->cols == 0) return;
    const auto run = [&]<typename T>(const T* x) {
      ReferenceKernel<<<1024, 256, 0, static_cast<cudaStream_t>(operands.stream)>>>(
          x, static_cast<T*>(operands.outputs[0]), shape->rows, shape->cols);
    };
    if (shape->dtype == DType::kBF16) {
      run(static_cast<const __nv_bfloat16*>(operands.inputs[0]));
    } else {
      run(static_cast<const __half*>(operands.inputs[0]));
    }
    ThrowOnLaunchError();
  }

  // Of the reference's rounding and the candidate's one each; the fast exponential errs by far
  // less.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const double epsilon = problem.inputs[0].dtype == DType::kBF16 ? 0x1p-8 : 0x1p-11;
    return {1e-6, 2.5 * epsilon};
  }

  double Flops(const Problem& problem) const override {
    const Tensor& x = problem.inputs[0];
    return 2.5 * static_cast<double>(x.dims[0].opt) * static_cast<double>(x.dims[1].opt);
  }
};

class SiluCall final : public sdk::Call {
 public:
  SiluCall(const SiluShape& shape, const Plan& plan) : shape_(shape), plan_(plan) {}

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
    const auto kernel = plan_.unroll == 4   ? SiluKernel<T, n, 4>
                        : plan_.unroll == 2 ? SiluKernel<T, n, 2>
                                            : SiluKernel<T, n, 1>;
    const int64_t piece = int64_t{plan_.threads} * plan_.unroll * n;
    const dim3 grid(static_cast<unsigned>((shape_.cols + piece - 1) / piece),
                    static_cast<unsigned>(shape_.rows));
    kernel<<<grid, static_cast<unsigned>(plan_.threads), 0,
             static_cast<cudaStream_t>(operands.stream)>>>(
        static_cast<const T*>(operands.inputs[0]), static_cast<T*>(operands.outputs[0]),
        shape_.cols);
  }

  const SiluShape shape_;
  const Plan plan_;
};

// The right half must be aligned as the left one is, so a vector divides the half.
Plan DefaultPlan(const SiluShape& shape) {
  Plan plan;
  plan.vector = WidestVector(shape.cols);
  plan.unroll = 1;
  plan.threads = 256;
  return plan;
}

class SiluRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"silu_and_mul", "1"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const auto shape = ShapeOf(problem);
    std::vector<Tactic> tactics;
    if (!shape.ok()) return tactics;
    const Plan by_default = DefaultPlan(*shape);
    for (const int64_t vector : kVectorChoices) {
      if (shape->cols % vector != 0) continue;
      for (const int64_t threads : kThreadChoices) {
        for (const int64_t unroll : kUnrollChoices) {
          if (threads * vector * unroll > kMostInFlight) continue;
          if (threads == by_default.threads && vector == by_default.vector &&
              unroll == by_default.unroll) {
            continue;
          }
          tactics.push_back({{"threads", threads}, {"vector", vector}, {"unroll", unroll}});
        }
      }
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const auto shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    constexpr int64_t kMostRows = 65535;  // The grid's second dimension.
    if (shape->rows > kMostRows) {
      return InvalidArgument("rows is " + std::to_string(shape->rows) + "; at most " +
                             std::to_string(kMostRows));
    }
    Plan plan = DefaultPlan(*shape);
    TacticValues values(tactic);
    plan.threads = static_cast<int>(values.OneOf("threads", kThreadChoices, plan.threads));
    plan.vector = static_cast<int>(values.OneOf("vector", kVectorChoices, plan.vector));
    plan.unroll = static_cast<int>(values.OneOf("unroll", kUnrollChoices, plan.unroll));
    if (shape->cols % plan.vector != 0) values.Reject("vector", "a divisor of half the width");
    if (const Check check = values.Finish(); !check.ok()) return check.error();
    return std::unique_ptr<sdk::Call>(std::make_unique<SiluCall>(*shape, plan));
  }
};

}  // namespace

void RegisterSiluAndMul(sdk::Registry& registry) {
  registry.Add(std::make_unique<SiluOp>());
  registry.Add("silu_and_mul", std::make_unique<SiluRunner>());
}

}  // namespace tactic::cuda_kernels
