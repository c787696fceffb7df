#include "runners/host/gemm/gemm_op.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "runners/host/gemm/micro_kernel.h"
#include "runners/host/thread_pool.h"

namespace tactic::gemm {

namespace {

// The reference works on blocks of b that stay in the nearest caches.
constexpr int64_t kBlockCols = 128;
constexpr int64_t kBlockDepth = 64;

OpSchema GemmSchema() {
  OpSchema schema;
  schema.op = "gemm";
  schema.inputs = {
      {"a", {"m", "k"}, {DType::kF32}, {Layout::kRowMajor}, false},
      {"b", {"k", "n"}, {DType::kF32}, {Layout::kRowMajor, Layout::kColMajor}, true},
  };
  return schema;
}

// What one thread of the reference needs; made before the threads start, which must not throw.
struct Scratch {
  explicit Scratch(int64_t m)
      : sums(static_cast<size_t>(m * kBlockCols)), block(kBlockDepth * kBlockCols) {}
  std::vector<double> sums;
  std::vector<float> block;
};

// Columns [first, first + cols) of c, all rows, in double until the end.
void ReferenceColumns(const Shape& s, const float* a, const float* b, float* c, int64_t first,
                      int64_t cols, Scratch& scratch) {
  const MicroSet& micros = HostMicros();
  double* sums = scratch.sums.data();
  float* block = scratch.block.data();
  std::fill_n(sums, s.m * cols, 0.0);
  for (int64_t p = 0; p < s.k; p += kBlockDepth) {
    const int64_t depth = std::min(kBlockDepth, s.k - p);
    if (s.b_transposed) {
      micros.transpose(b + first * s.k + p, s.k, cols, depth, block, cols);
    } else {
      micros.copy(b + p * s.n + first, s.n, cols, depth, block, cols);
    }
    micros.accumulate(a + p, s.k, s.m, depth, block, cols, sums);
  }
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t j = 0; j < cols; ++j)
      c[i * s.n + first + j] = static_cast<float>(sums[i * cols + j]);
  }
}

class GemmOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return GemmSchema(); }

  std::vector<Tensor> Outputs(const Problem& problem) const override {
    Tensor c;
    c.dims = {problem.inputs[0].dims[0], problem.inputs[1].dims[1]};
    return {c};
  }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const Shape s = ShapeOf(problem).value();
    const auto* a = static_cast<const float*>(operands.inputs[0]);
    const auto* b = static_cast<const float*>(operands.inputs[1]);
    auto* c = static_cast<float*>(operands.outputs[0]);
    const int threads = sdk::HostThreads();
    std::vector<Scratch> scratch(static_cast<size_t>(threads), Scratch(s.m));
    std::atomic<int64_t> next{0};
    ThreadPool::Process().ParallelFor(threads, [&](int thread) {
      for (int64_t j = next.fetch_add(kBlockCols); j < s.n; j = next.fetch_add(kBlockCols)) {
        ReferenceColumns(s, a, b, c, j, std::min(kBlockCols, s.n - j),
                         scratch[static_cast<size_t>(thread)]);
      }
    });
  }

  // A sum of k products of values around 1 rounds k times; four times the worst growth of one
  // rounding leaves room for values that are somewhat larger, and is far below one product.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
    const double k = static_cast<double>(ShapeOf(problem).value().k);
    return {4 * kEpsilon * std::max(1.0, k), 1e-4};
  }

  double Flops(const Problem& problem) const override {
    const Shape s = ShapeOf(problem).value();
    return 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  }
};

}  // namespace

Result<Shape> ShapeOf(const Problem& problem) {
  static const OpSchema schema = GemmSchema();
  if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
  const Tensor& a = problem.inputs[0];
  const Tensor& b = problem.inputs[1];
  return Shape{a.dims[0].opt, b.dims[1].opt, a.dims[1].opt, b.layout == Layout::kColMajor};
}

std::unique_ptr<sdk::Op> MakeGemmOp() { return std::make_unique<GemmOp>(); }

}  // namespace tactic::gemm
