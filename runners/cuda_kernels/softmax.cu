#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runners/cuda_kernels/elements.cuh"
#include "runners/cuda_kernels/planned_runner.h"
#include "runners/cuda_kernels/softmax.h"

namespace tactic::cuda_kernels {
namespace {

constexpr int kMostKept = 32;             // Elements of a row that one thread keeps.
constexpr int kMostThreadsKeeping = 512;  // More have no registers for it.
constexpr std::string_view kRowsByNames[] = {"block", "warp"};

// exp(x - max) summed over elements seen so far. The maximum starts at the lowest finite number, so
// that rows of -inf give no difference of infinities.
struct Running {
  float max = Max::kNothing;
  float sum = 0;

  // Makes room for a new element or vector with maximum `other`.
  __device__ void Raise(float other) {
    if (other <= max) return;
    sum *= __expf(max - other);
    max = other;
  }
};

// Over all lanes of the warp, in all of them.
__device__ Running WarpMerge(Running mine) {
  const float max = WarpReduce(mine.max, Max());
  return {max, WarpReduce(mine.sum * __expf(mine.max - max), Sum())};
}

// Over all threads of the block, in all of them. `scratch`: one for each warp.
__device__ Running BlockMerge(Running mine, Running* scratch) {
  mine = WarpMerge(mine);
  const unsigned lane = threadIdx.x % 32;
  if (lane == 0) scratch[threadIdx.x / 32] = mine;
  __syncthreads();
  return WarpMerge(lane < blockDim.x / 32 ? scratch[lane] : Running{});
}

// The part of the work that one thread has.
struct Share {
  int64_t row;
  int first;  // Vector of the row,
  int step;   // and every so many from there.
};

// Of a grid in which each block has one row, or each warp.
__device__ Share ShareOf(bool by_warp) {
  const int thread = static_cast<int>(threadIdx.x);
  const int threads = static_cast<int>(blockDim.x);
  if (!by_warp) return {int64_t{blockIdx.x}, thread, threads};
  return {int64_t{blockIdx.x} * (threads / 32) + thread / 32, thread % 32, 32};
}

template <typename T, int n>
__global__ void __launch_bounds__(kMostThreadsKeeping)
    KeepingKernel(const T* __restrict__ x, T* __restrict__ y, int64_t rows, int cols,
                  bool by_warp) {
  constexpr int kVectors = kMostKept / n;
  __shared__ alignas(Running) unsigned char scratch[32 * sizeof(Running)];
  using Vec = Vector<T, n>;
  const Share share = ShareOf(by_warp);
  if (share.row >= rows) return;  // A whole warp, and no barrier is to come.
  const auto* from = reinterpret_cast<const Vec*>(x + share.row * cols);
  auto* to = reinterpret_cast<Vec*>(y + share.row * cols);
  const int vectors = cols / n;
  Vec loaded[kVectors];
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    if (share.first + i * share.step < vectors) loaded[i] = from[share.first + i * share.step];
  }
  Running running;
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    if (share.first + i * share.step >= vectors) continue;
#pragma unroll
    for (int j = 0; j < n; ++j) running.max = fmaxf(running.max, Widen(loaded[i].at[j]));
  }
  float kept[kMostKept];
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    if (share.first + i * share.step >= vectors) continue;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      kept[i * n + j] = __expf(Widen(loaded[i].at[j]) - running.max);
      running.sum += kept[i * n + j];
    }
  }
  const Running whole =
      by_warp ? WarpMerge(running) : BlockMerge(running, reinterpret_cast<Running*>(scratch));
  const float factor = __expf(running.max - whole.max) / whole.sum;
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    if (share.first + i * share.step >= vectors) continue;
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) result.at[j] = Narrow<T>(kept[i * n + j] * factor);
    to[share.first + i * share.step] = result;
  }
}

// Reads a row twice: what the second time finds in the L2 is what rows under way and outputs have
// left there.
template <typename T, int n>
__global__ void OnlineKernel(const T* __restrict__ x, T* __restrict__ y, int64_t rows, int cols,
                             bool by_warp) {
  __shared__ alignas(Running) unsigned char scratch[32 * sizeof(Running)];
  using Vec = Vector<T, n>;
  const Share share = ShareOf(by_warp);
  if (share.row >= rows) return;  // A whole warp, and no barrier is to come.
  const auto* from = reinterpret_cast<const Vec*>(x + share.row * cols);
  auto* to = reinterpret_cast<Vec*>(y + share.row * cols);
  const int vectors = cols / n;
  Running running;
#pragma unroll 4
  for (int at = share.first; at < vectors; at += share.step) {
    const Vec vec = from[at];
    float max = Widen(vec.at[0]);
#pragma unroll
    for (int j = 1; j < n; ++j) max = fmaxf(max, Widen(vec.at[j]));
    running.Raise(max);
#pragma unroll
    for (int j = 0; j < n; ++j) running.sum += __expf(Widen(vec.at[j]) - running.max);
  }
  const Running whole =
      by_warp ? WarpMerge(running) : BlockMerge(running, reinterpret_cast<Running*>(scratch));
  const float factor = 1 / whole.sum;
#pragma unroll 4
  for (int at = share.first; at < vectors; at += share.step) {
    const Vec vec = ReadLast(from + at);
    Vec result;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      result.at[j] = Narrow<T>(__expf(Widen(vec.at[j]) - whole.max) * factor);
    }
    WriteLast(to + at, result);
  }
}

// A warp a row.
template <typename T>
__global__ void ReferenceKernel(const T* x, T* y, int cols) {
  x += int64_t{blockIdx.x} * cols;
  y += int64_t{blockIdx.x} * cols;
  float max = -INFINITY;
  for (int j = static_cast<int>(threadIdx.x); j < cols; j += 32) max = fmaxf(max, Widen(x[j]));
  max = WarpReduce(max, Max());
  double sum = 0;
  for (int j = static_cast<int>(threadIdx.x); j < cols; j += 32) {
    sum += exp(static_cast<double>(Widen(x[j])) - max);
  }
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
  for (int j = static_cast<int>(threadIdx.x); j < cols; j += 32) {
    y[j] = Narrow<T>(static_cast<float>(exp(static_cast<double>(Widen(x[j])) - max) / sum));
  }
}

OpSchema SoftmaxSchema() {
  OpSchema schema;
  schema.op = "softmax";
  schema.inputs = {{"x",
                    {"rows", "cols"},
                    {DType::kF32, DType::kBF16, DType::kF16},
                    {Layout::kRowMajor},
                    false}};
  return schema;
}

struct Softmax {
  struct Shape {
    int64_t rows = 0;
    int64_t cols = 0;
    DType dtype = DType::kF32;
  };
  struct Plan {
    bool by_warp = false;
    int threads = 256;
    int vector = 4;
    bool keep = true;
    bool operator==(const Plan&) const = default;
  };

  static Result<Shape> ShapeOf(const Problem& problem) {
    static const OpSchema schema = SoftmaxSchema();
    if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
    const Shape shape{problem.inputs[0].dims[0].opt, problem.inputs[0].dims[1].opt,
                      problem.inputs[0].dtype};
    if (const Check c = CheckAtMost("rows", shape.rows, 0x7fffffff); !c.ok()) return c.error();
    if (const Check c = CheckAtMost("cols", shape.cols, 0x7fffffff); !c.ok()) return c.error();
    return shape;
  }

  static bool CanKeep(const Shape& shape, const Plan& plan) {
    return plan.threads <= kMostThreadsKeeping &&
           shape.cols <= int64_t{plan.by_warp ? 32 : plan.threads} * kMostKept;
  }

  // Registers where the row fits, as much as they hold for each thread; a warp for what it can
  // keep, since it needs no barrier.
  static Plan Default(const Shape& shape) {
    Plan plan;
    plan.vector = VectorsFor(shape.cols, shape.dtype).front();
    plan.by_warp = shape.cols <= 32 * kMostKept;
    plan.threads = plan.by_warp ? 128 : ThreadsFor((shape.cols + kMostKept - 1) / kMostKept);
    plan.keep = CanKeep(shape, plan);
    return plan;
  }

  // A warp for a long row, or a block for one that gives most of its threads nothing, is hopeless.
  static sdk::TacticSpace Space(const Shape& shape) {
    constexpr int64_t kLongForWarp = 8192;
    std::vector<Value> rows_by = {std::string(kRowsByNames[0])};
    if (shape.cols <= kLongForWarp) rows_by.emplace_back(std::string(kRowsByNames[1]));
    if (shape.cols <= 32 * kMostKept) std::reverse(rows_by.begin(), rows_by.end());
    return sdk::TacticSpace()
        .Add("rows_by", std::move(rows_by))
        .Add("vector", ToValues(VectorsFor(shape.cols, shape.dtype)))
        .Add("threads", ToValues(kThreadChoices))
        .Add("keep", {true, false})
        .Require([cols = shape.cols](const Tactic& tactic) {
          const int64_t threads = tactic.IntOr("threads", 0);
          return *tactic.Find("rows_by") == Value(std::string(kRowsByNames[1])) || threads <= 64 ||
                 cols / tactic.IntOr("vector", 1) >= threads / 4;
        });
  }

  static void Read(const Shape& shape, sdk::TacticReader& reader, Plan& plan) {
    plan.by_warp =
        reader.Text("rows_by", kRowsByNames, kRowsByNames[plan.by_warp ? 1 : 0]) == kRowsByNames[1];
    plan.threads = static_cast<int>(reader.OneOf("threads", kThreadChoices, plan.threads));
    plan.vector = ReadVector(reader, shape.cols, shape.dtype, plan.vector);
    plan.keep = reader.Bool("keep", CanKeep(shape, plan));
    if (plan.keep && !CanKeep(shape, plan)) {
      reader.Reject("keep",
                    "false for rows of more than 32 elements for each of their threads, and for "
                    "blocks of more than 512");
    }
  }

  static size_t WorkspaceBytes(const Shape&, const Plan&) { return 0; }

  static void Launch(const Shape& shape, const Plan& plan, const sdk::Operands& operands) {
    if (shape.rows == 0 || shape.cols == 0) return;
    const int64_t rows_a_block = plan.by_warp ? plan.threads / 32 : 1;
    const auto blocks = static_cast<unsigned>((shape.rows + rows_a_block - 1) / rows_a_block);
    WithVector<float, __nv_bfloat16, __half>(shape.dtype, plan.vector, [&]<typename T, int n>() {
      const auto kernel = plan.keep ? KeepingKernel<T, n> : OnlineKernel<T, n>;
      kernel<<<blocks, static_cast<unsigned>(plan.threads), 0,
               static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<T*>(operands.outputs[0]),
          shape.rows, static_cast<int>(shape.cols), plan.by_warp);
    });
  }
};

class SoftmaxOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return SoftmaxSchema(); }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const Softmax::Shape s = Softmax::ShapeOf(problem).value();
    if (s.rows == 0 || s.cols == 0) return;
    WithType<float, __nv_bfloat16, __half>(s.dtype, [&]<typename T>() {
      ReferenceKernel<<<static_cast<unsigned>(s.rows), 32, 0,
                        static_cast<cudaStream_t>(operands.stream)>>>(
          static_cast<const T*>(operands.inputs[0]), static_cast<T*>(operands.outputs[0]),
          static_cast<int>(s.cols));
    });
    ThrowOnLaunchError();
  }

  // The fast exponential of a difference of up to 87, rounded once, errs by about a hundred
  // roundings of f32; a sum by one for each of the terms that one thread adds up. 16-bit results
  // are rounded once by each side, f16 to no less than 2^-24.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    const Softmax::Shape s = Softmax::ShapeOf(problem).value();
    const double in_f32 = 0x1p-23 * (200 + static_cast<double>(s.cols) / 64);
    const double least = 1e-7 / std::max(1.0, static_cast<double>(s.cols));
    if (s.dtype == DType::kBF16) return {least, in_f32 + 2.5 * 0x1p-8};
    if (s.dtype == DType::kF16) return {0x1p-24, in_f32 + 2.5 * 0x1p-11};
    return {least, in_f32};
  }

  // A comparison, a subtraction, an exponential counted as one, a sum and a product per element.
  double Flops(const Problem& problem) const override {
    return 5.0 * static_cast<double>(Elements(problem.inputs[0]));
  }
};

}  // namespace

void RegisterSoftmax(sdk::Registry& registry) {
  registry.Add(std::make_unique<SoftmaxOp>());
  registry.Add("softmax", std::make_unique<PlannedRunner<Softmax>>(RunnerId{"cuda_softmax", "1"}));
}

}  // namespace tactic::cuda_kernels
