#include <memory>
#include <vector>

#include "runners/cuda_kernels/elements.cuh"
#include "runners/cuda_kernels/planned_runner.h"
#include "runners/cuda_kernels/rms_norm.h"

namespace tactic::cuda_kernels {
namespace {

constexpr int kMostKept = 4;  // Vectors of a row that one thread keeps.
// Threads that have registers for so many.
constexpr int MostThreads(int kept) { return kept == 1 ? 1024 : 512; }

// All loads of a row and its weights are under way before the first is needed.
template <typename T, int n, int kKept>
__global__ void __launch_bounds__(MostThreads(kKept))
    KeepingKernel(const T* __restrict__ x, const T* __restrict__ weight, T* __restrict__ y,
                  int cols, float epsilon) {
  __shared__ float scratch[32];
  using Vec = Vector<T, n>;
  const auto* row = reinterpret_cast<const Vec*>(x + int64_t{blockIdx.x} * cols);
  const auto* scale = reinterpret_cast<const Vec*>(weight);
  auto* out = reinterpret_cast<Vec*>(y + int64_t{blockIdx.x} * cols);
  const int vectors = cols / n;
  const int step = static_cast<int>(blockDim.x);
  const int first = static_cast<int>(threadIdx.x);
  Vec kept[kKept];
  Vec weights[kKept];
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (first + i * step < vectors) kept[i] = row[first + i * step];
  }
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (first + i * step < vectors) weights[i] = scale[first + i * step];
  }
  float squares = 0;
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (first + i * step >= vectors) continue;
#pragma unroll
    for (int j = 0; j < n; ++j) squares += Widen(kept[i].at[j]) * Widen(kept[i].at[j]);
  }
  const float mean = BlockReduce(squares, scratch, Sum()) / static_cast<float>(cols);
  const float factor = rsqrtf(mean + epsilon);
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (first + i * step >= vectors) continue;
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      result.at[j] = Narrow<T>(Widen(kept[i].at[j]) * factor * Widen(weights[i].at[j]));
    }
    out[first + i * step] = result;
  }
}

// Reads a row twice: what the second time finds in the L2 is what rows under way and outputs have
// left there.
template <typename T, int n>
__global__ void RereadingKernel(const T* __restrict__ x, const T* __restrict__ weight,
                                T* __restrict__ y, int cols, float epsilon) {
  __shared__ float scratch[32];
  using Vec = Vector<T, n>;
  const auto* row = reinterpret_cast<const Vec*>(x + int64_t{blockIdx.x} * cols);
  const auto* scale = reinterpret_cast<const Vec*>(weight);
  auto* out = reinterpret_cast<Vec*>(y + int64_t{blockIdx.x} * cols);
  const int vectors = cols / n;
  const int step = static_cast<int>(blockDim.x);
  const int first = static_cast<int>(threadIdx.x);
  float squares = 0;
#pragma unroll 4
  for (int at = first; at < vectors; at += step) {
    const Vec vec = row[at];
#pragma unroll
    for (int j = 0; j < n; ++j) squares += Widen(vec.at[j]) * Widen(vec.at[j]);
  }
  const float mean = BlockReduce(squares, scratch, Sum()) / static_cast<float>(cols);
  const float factor = rsqrtf(mean + epsilon);
#pragma unroll 4
  for (int at = first; at < vectors; at += step) {
    const Vec vec = ReadLast(row + at);
    const Vec w = scale[at];
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      result.at[j] = Narrow<T>(Widen(vec.at[j]) * factor * Widen(w.at[j]));
    }
    WriteLast(out + at, result);
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

struct RmsNorm {
  struct Shape {
    int64_t rows = 0;
    int64_t cols = 0;
    DType dtype = DType::kBF16;
    float epsilon = 1e-5f;
  };
  struct Plan {
    int threads = 256;
    int vector = 8;
    bool keep = true;
    bool operator==(const Plan&) const = default;
  };

  static Result<Shape> ShapeOf(const Problem& problem) {
    static const OpSchema schema = RmsNormSchema();
    if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
    Shape shape{problem.inputs[0].dims[0].opt, problem.inputs[0].dims[1].opt,
                problem.inputs[0].dtype, 1e-5f};
    const Value* epsilon = problem.attributes.Find("epsilon");
    if (epsilon != nullptr) shape.epsilon = static_cast<float>(std::get<double>(*epsilon));
    if (const Check c = CheckAtMost("rows", shape.rows, 0x7fffffff); !c.ok()) return c.error();
    if (const Check c = CheckAtMost("cols", shape.cols, 0x7fffffff); !c.ok()) return c.error();
    return shape;
  }

  static bool CanKeep(const Shape& shape, const Plan& plan) {
    const int64_t once = int64_t{plan.threads} * plan.vector;
    return shape.cols <= (plan.threads <= MostThreads(kMostKept) ? once * kMostKept : once);
  }

  // The widest vector that divides the row, and as much as it can keep for each thread: a block
  // waits for its slowest load, so many small ones keep the memory busier.
  static Plan Default(const Shape& shape) {
    Plan plan;
    plan.vector = VectorsFor(shape.cols, shape.dtype).front();
    plan.threads = ThreadsFor((shape.cols / plan.vector + kMostKept - 1) / kMostKept);
    plan.keep = CanKeep(shape, plan);
    return plan;
  }

  static sdk::TacticSpace Space(const Shape& shape) {
    return sdk::TacticSpace()
        .Add("vector", ToValues(VectorsFor(shape.cols, shape.dtype)))
        .Add("threads", ToValues(kThreadChoices))
        .Add("keep", {true, false});
  }

  static void Read(const Shape& shape, sdk::TacticReader& reader, Plan& plan) {
    plan.threads = static_cast<int>(reader.OneOf("threads", kThreadChoices, plan.threads));
    plan.vector = ReadVector(reader, shape.cols, shape.dtype, plan.vector);
    plan.keep = reader.Bool("keep", CanKeep(shape, plan));
    if (plan.keep && !CanKeep(shape, plan)) {
      reader.Reject("keep",
                    "false for rows longer than threads x vector x 4, or, with 1024 threads, "
                    "x 1");
    }
  }

  static size_t WorkspaceBytes(const Shape&, const Plan&) { return 0; }

  static void Launch(const Shape& shape, const Plan& plan, const sdk::Operands& operands) {
    if (shape.rows == 0 || shape.cols == 0) return;
    WithVector<__nv_bfloat16, __half>(shape.dtype, plan.vector, [&]<typename T, int n>() {
      const bool one_each = shape.cols <= int64_t{plan.threads} * n;
      const auto kernel = !plan.keep ? RereadingKernel<T, n>
                          : one_each ? KeepingKernel<T, n, 1>
                                     : KeepingKernel<T, n, kMostKept>;
      kernel<<<static_cast<unsigned>(shape.rows), static_cast<unsigned>(plan.threads), 0,
               static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<const T*>(operands.inputs[1]),
          static_cast<T*>(operands.outputs[0]), static_cast<int>(shape.cols), shape.epsilon);
    });
  }
};

class RmsNormOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return RmsNormSchema(); }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const RmsNorm::Shape s = RmsNorm::ShapeOf(problem).value();
    if (s.rows == 0 || s.cols == 0) return;
    WithType<__nv_bfloat16, __half>(s.dtype, [&]<typename T>() {
      ReferenceKernel<<<static_cast<unsigned>(s.rows), 32, 0,
                        static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<const T*>(operands.inputs[1]),
          static_cast<T*>(operands.outputs[0]), static_cast<int>(s.cols),
          static_cast<double>(s.epsilon));
    });
    ThrowOnLaunchError();
  }

  // Of the reference's rounding and the candidate's one each, and a little for the f32 sum.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const double epsilon = problem.inputs[0].dtype == DType::kBF16 ? 0x1p-8 : 0x1p-11;
    return {1e-6, 2.5 * epsilon};
  }

  double Flops(const Problem& problem) const override {
    return 4.0 * static_cast<double>(Elements(problem.inputs[0]));
  }
};

}  // namespace

void RegisterRmsNorm(sdk::Registry& registry) {
  registry.Add(std::make_unique<RmsNormOp>());
  registry.Add("rms_norm", std::make_unique<PlannedRunner<RmsNorm>>(RunnerId{"rms_norm", "2"}));
}

}  // namespace tactic::cuda_kernels
