#include "client/examples/layer_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tactic::examples {
namespace {

constexpr double kDefaultEps = 1e-5;
constexpr int64_t kMostRows = 16;  // Of a block.

struct Moments {
  float mean = 0;
  float inverse_deviation = 0;
};

// The sums of (x - shift) and of its square.
template <int Lanes>
std::pair<float, float> Sums(const float* x, int64_t cols, float shift) {
  std::array<float, Lanes> sums{}, squares{};
  int64_t j = 0;
  for (; j + Lanes <= cols; j += Lanes) {
    for (int lane = 0; lane < Lanes; ++lane) {
      const float d = x[j + lane] - shift;
      sums[lane] += d;
      squares[lane] += d * d;
    }
  }
  for (; j < cols; ++j) {
    const float d = x[j] - shift;
    sums[0] += d;
    squares[0] += d * d;
  }
  float sum = 0, square = 0;
  for (int lane = 0; lane < Lanes; ++lane) {
    sum += sums[lane];
    square += squares[lane];
  }
  return {sum, square};
}

// Sums around a shift that is near the mean keep their digits: a single pass takes the row's first
// element for it, two passes the mean itself.
template <int Lanes, int Passes>
Moments MomentsOf(const float* x, int64_t cols, float eps) {
  const auto n = static_cast<float>(cols);
  float shift = x[0];
  if constexpr (Passes == 2) shift += Sums<Lanes>(x, cols, shift).first / n;
  const auto [sum, square] = Sums<Lanes>(x, cols, shift);
  const float offset = sum / n;
  const float variance = std::max(square / n - offset * offset, 0.0F);
  return {shift + offset, 1 / std::sqrt(variance + eps)};
}

struct Rows {
  const float* x;
  const float* gamma;
  const float* beta;
  float* y;
  int64_t rows, cols;
  float eps;
};

template <int Lanes, int Passes>
void Normalise(const Rows& all, int64_t block) {
  std::array<Moments, kMostRows> moments;
  for (int64_t first = 0; first < all.rows; first += block) {
    const int64_t count = std::min(block, all.rows - first);
    for (int64_t i = 0; i < count; ++i) {
      moments[i] = MomentsOf<Lanes, Passes>(all.x + (first + i) * all.cols, all.cols, all.eps);
    }
    for (int64_t i = 0; i < count; ++i) {
      const float* x = all.x + (first + i) * all.cols;
      float* y = all.y + (first + i) * all.cols;
      const auto [mean, scale] = moments[i];
      for (int64_t j = 0; j < all.cols; ++j) {
        y[j] = (x[j] - mean) * scale * all.gamma[j] + all.beta[j];
      }
    }
  }
}

using Kernel = void (*)(const Rows&, int64_t block);

// nullptr: no such one.
Kernel KernelFor(int64_t lanes, int64_t passes) {
  if (passes != 1 && passes != 2) return nullptr;
  switch (lanes) {
    case 1:
      return passes == 1 ? &Normalise<1, 1> : &Normalise<1, 2>;
    case 4:
      return passes == 1 ? &Normalise<4, 1> : &Normalise<4, 2>;
    case 8:
      return passes == 1 ? &Normalise<8, 1> : &Normalise<8, 2>;
    case 16:
      return passes == 1 ? &Normalise<16, 1> : &Normalise<16, 2>;
    default:
      return nullptr;
  }
}

Rows RowsOf(const Problem& problem) {
  const std::vector<Dim>& dims = problem.inputs[0].dims;
  const Value* eps = problem.attributes.Find("eps");
  Rows rows{};
  rows.rows = dims[0].opt;
  rows.cols = dims[1].opt;
  rows.eps = static_cast<float>(eps == nullptr ? kDefaultEps : std::get<double>(*eps));
  return rows;
}

void Bind(const sdk::Operands& operands, Rows& rows) {
  rows.x = static_cast<const float*>(operands.inputs[0]);
  rows.gamma = static_cast<const float*>(operands.inputs[1]);
  rows.beta = static_cast<const float*>(operands.inputs[2]);
  rows.y = static_cast<float*>(operands.outputs[0]);
}

class LayerNormOp final : public sdk::Op {
 public:
  OpSchema Schema() const override {
    const std::vector<DType> f32 = {DType::kF32};
    const std::vector<Layout> row_major = {Layout::kRowMajor};
    return {"layer_norm",
            {{"x", {"rows", "cols"}, f32, row_major, false},
             {"gamma", {"cols"}, f32, row_major, true},
             {"beta", {"cols"}, f32, row_major, true}},
            {{"eps", kDefaultEps}}};
  }

  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    Rows rows = RowsOf(problem);
    Bind(operands, rows);
    for (int64_t i = 0; i < rows.rows; ++i) {
      const float* x = rows.x + i * rows.cols;
      double mean = 0, variance = 0;
      for (int64_t j = 0; j < rows.cols; ++j) mean += x[j];
      mean /= static_cast<double>(rows.cols);
      for (int64_t j = 0; j < rows.cols; ++j) variance += (x[j] - mean) * (x[j] - mean);
      variance /= static_cast<double>(rows.cols);
      const double scale = 1 / std::sqrt(variance + static_cast<double>(rows.eps));
      for (int64_t j = 0; j < rows.cols; ++j) {
        rows.y[i * rows.cols + j] =
            static_cast<float>((x[j] - mean) * scale * rows.gamma[j] + rows.beta[j]);
      }
    }
  }

  sdk::Tolerance ToleranceFor(const Problem&) const override { return {1e-4, 1e-4}; }

  double Flops(const Problem& problem) const override {
    return 8.0 * static_cast<double>(Elements(problem.inputs[0]));
  }
};

class LayerNormCall final : public sdk::Call {
 public:
  LayerNormCall(Kernel kernel, const Rows& rows, int64_t block)
      : kernel_(kernel), rows_(rows), block_(block) {}
  void Launch(const sdk::Operands& operands) override {
    Bind(operands, rows_);
    kernel_(rows_, block_);
  }

 private:
  Kernel kernel_;
  Rows rows_;
  int64_t block_;
};

class RowBlocksRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"row_blocks", "1"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    std::vector<Tactic> tactics;
    for (const int64_t lanes : {16, 8, 4, 1}) {
      for (const int64_t passes : {1, 2}) {
        for (const int64_t block : {1, 4, 16}) {
          if (block > 1 && block / 2 >= problem.inputs[0].dims[0].opt) continue;  // As the smaller.
          tactics.push_back({{"lanes", lanes}, {"passes", passes}, {"block", block}});
        }
      }
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const int64_t lanes = tactic.IntOr("lanes", 8);
    const int64_t passes = tactic.IntOr("passes", 2);
    const int64_t block = tactic.IntOr("block", 1);
    const Kernel kernel = KernelFor(lanes, passes);
    if (kernel == nullptr || (block != 1 && block != 4 && block != 16)) {
      return InvalidArgument("tactic " + ToText(Candidate{Id(), tactic}) +
                             ": lanes must be 1, 4, 8 or 16, passes 1 or 2, block 1, 4 or 16");
    }
    return std::unique_ptr<sdk::Call>(
        std::make_unique<LayerNormCall>(kernel, RowsOf(problem), block));
  }
};

}  // namespace

void RegisterLayerNorm(sdk::Registry& registry) {
  registry.Add(std::make_unique<LayerNormOp>());
  registry.Add("layer_norm", std::make_unique<RowBlocksRunner>());
}

}  // namespace tactic::examples
