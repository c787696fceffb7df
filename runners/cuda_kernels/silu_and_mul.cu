#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runners/cuda_kernels/elements.cuh"
#include "runners/cuda_kernels/planned_runner.h"
#include "runners/cuda_kernels/silu_and_mul.h"

namespace tactic::cuda_kernels {
namespace {

constexpr std::array<int, 3> kUnrollChoices = {2, 1, 4};
constexpr int kMostInFlight = 16384;  // Elements of a block: more find no registers.

__device__ float Silu(float x) { return x / (1.0f + __expf(-x)); }

// Each row in `pieces` blocks.
template <typename T, int n, int unroll>
__global__ void SiluKernel(const T* __restrict__ x, T* __restrict__ y, int64_t cols,
                           unsigned pieces) {
  using Vec = Vector<T, n>;
  const int64_t row = blockIdx.x / pieces;
  const int64_t piece = blockIdx.x % pieces;
  const auto* left = reinterpret_cast<const Vec*>(x + row * 2 * cols);
  const auto* right = reinterpret_cast<const Vec*>(x + row * 2 * cols + cols);
  auto* out = reinterpret_cast<Vec*>(y + row * cols);
  const int64_t vectors = cols / n;
  const int64_t first = piece * blockDim.x * unroll + threadIdx.x;
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

struct SiluAndMul {
  struct Shape {
    int64_t rows = 0;
    int64_t cols = 0;  // Of the output.
    DType dtype = DType::kBF16;
  };
  struct Plan {
    int threads = 256;
    int vector = 8;
    int unroll = 1;
    bool operator==(const Plan&) const = default;
  };

  static Result<Shape> ShapeOf(const Problem& problem) {
    static const OpSchema schema = SiluSchema();
    if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
    const int64_t width = problem.inputs[0].dims[1].opt;
    if (width % 2 != 0) {
      return InvalidArgument("width is " + std::to_string(width) +
                             "; it must be even: two halves of a row");
    }
    return Shape{problem.inputs[0].dims[0].opt, width / 2, problem.inputs[0].dtype};
  }

  // The right half must be aligned as the left one is, so a vector divides the half.
  static Plan Default(const Shape& shape) {
    Plan plan;
    plan.vector = VectorsFor(shape.cols, shape.dtype).front();
    return plan;
  }

  static sdk::TacticSpace Space(const Shape& shape) {
    return sdk::TacticSpace()
        .Add("vector", ToValues(VectorsFor(shape.cols, shape.dtype)))
        .Add("threads", ToValues(kThreadChoices))
        .Add("unroll", ToValues(kUnrollChoices))
        .Require([](const Tactic& tactic) {
          return tactic.IntOr("threads", 0) * tactic.IntOr("vector", 0) *
                     tactic.IntOr("unroll", 0) <=
                 kMostInFlight;
        });
  }

  static void Read(const Shape& shape, sdk::TacticReader& reader, Plan& plan) {
    plan.threads = static_cast<int>(reader.OneOf("threads", kThreadChoices, plan.threads));
    plan.vector = ReadVector(reader, shape.cols, shape.dtype, plan.vector);
    plan.unroll = static_cast<int>(reader.OneOf("unroll", kUnrollChoices, plan.unroll));
  }

  static size_t WorkspaceBytes(const Shape&, const Plan&) { return 0; }

  static void Launch(const Shape& shape, const Plan& plan, const sdk::Operands& operands) {
    if (shape.rows == 0 || shape.cols == 0) return;
    const int64_t piece = int64_t{plan.threads} * plan.unroll * plan.vector;
    const int64_t pieces = (shape.cols + piece - 1) / piece;
    if (const Check c = CheckAtMost("rows x pieces", shape.rows * pieces, 0x7fffffff); !c.ok()) {
      throw std::runtime_error(c.error().message);
    }
    const auto blocks = static_cast<unsigned>(shape.rows * pieces);
    WithVector<__nv_bfloat16, __half>(shape.dtype, plan.vector, [&]<typename T, int n>() {
      const auto kernel = plan.unroll == 4   ? SiluKernel<T, n, 4>
                          : plan.unroll == 2 ? SiluKernel<T, n, 2>
                                             : SiluKernel<T, n, 1>;
      kernel<<<blocks, static_cast<unsigned>(plan.threads), 0,
               static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<T*>(operands.outputs[0]),
          shape.cols, static_cast<unsigned>(pieces));
    });
  }
};

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
    const auto shape = SiluAndMul::ShapeOf(problem);
    if (!shape.ok()) throw std::runtime_error(shape.error().message);
    if (shape->rows == 0 || shape->cols == 0) return;
    WithType<__nv_bfloat16, __half>(shape->dtype, [&]<typename T>() {
      ReferenceKernel<<<1024, 256, 0, static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<T*>(operands.outputs[0]),
          shape->rows, shape->cols);
    });
    ThrowOnLaunchError();
  }

  // Of the reference's rounding and the candidate's one each; the fast exponential errs by far
  // less.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const double epsilon = problem.inputs[0].dtype == DType::kBF16 ? 0x1p-8 : 0x1p-11;
    return {1e-6, 2.5 * epsilon};
  }

  double Flops(const Problem& problem) const override {
    return 2.5 * static_cast<double>(Elements(problem.inputs[0]));
  }
};

}  // namespace

void RegisterSiluAndMul(sdk::Registry& registry) {
  registry.Add(std::make_unique<SiluOp>());
  registry.Add("silu_and_mul",
               std::make_unique<PlannedRunner<SiluAndMul>>(RunnerId{"silu_and_mul", "2"}));
}

}  // namespace tactic::cuda_kernels
