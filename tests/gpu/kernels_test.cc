// Our own kernels on a real GPU: every tactic against the reference at awkward sizes, with poisoned
// outputs between guard zones; references against the CPU.
#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runners/cuda/device.h"
#include "runners/cuda/operands.h"
#include "tactic/cuda_kernels.h"
#include "tactic/sdk/runner.h"
#include "tests/runners/decode_sizes.h"

namespace tactic {
namespace {

// An op with other inputs than it says.
class WithFills final : public sdk::Op {
 public:
  WithFills(const sdk::Op& op, std::vector<sdk::InputFill> fills)
      : op_(op), fills_(std::move(fills)) {}
  OpSchema Schema() const override { return op_.Schema(); }
  std::vector<Tensor> Outputs(const Problem& problem) const override {
    return op_.Outputs(problem);
  }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    op_.Reference(problem, operands);
  }
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    return op_.ToleranceFor(problem);
  }
  std::vector<sdk::InputFill> InputFills(const Problem&) const override { return fills_; }
  double Flops(const Problem& problem) const override { return op_.Flops(problem); }

 private:
  const sdk::Op& op_;
  const std::vector<sdk::InputFill> fills_;
};

template <typename T>
sdk::CustomFill Exactly(std::vector<T> values) {
  return [values = std::move(values)](const Tensor&, std::span<std::byte> bytes, uint64_t) {
    ASSERT_EQ(bytes.size(), values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
  };
}

template <typename T>
std::vector<T> FromDevice(const void* from, size_t count) {
  std::vector<T> values(count);
  EXPECT_EQ(cudaMemcpy(values.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost),
            cudaSuccess);
  return values;
}

std::vector<double> Widened(const void* from, size_t count) {
  std::vector<double> wide;
  for (const __nv_bfloat16 x : FromDevice<__nv_bfloat16>(from, count)) {
    wide.push_back(static_cast<double>(__bfloat162float(x)));
  }
  return wide;
}

class GpuKernelsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto facts = cuda::OpenDevice(0);
    ASSERT_TRUE(facts.ok()) << facts.error().message;
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    registry_ = new sdk::Registry();
    RegisterCudaKernels(*registry_);
  }
  static void TearDownTestSuite() {
    delete registry_;
    cudaStreamDestroy(stream_);
  }

  static const sdk::Op& OpOf(const std::string& name) { return *registry_->Find(name)->op; }

  static Problem ProblemOf(const std::string& op, const Sizes& sizes, DType dtype = DType::kBF16) {
    const OpSchema schema = OpOf(op).Schema();
    Problem problem = MakeProblem(schema, sizes, dtype, {}, {}).value();
    FillDefaults(schema, problem);
    return problem;
  }

  // Every tactic of the op's runner, the default included, on the inputs that `op` makes.
  static void ExpectRight(const sdk::Op& op, const Problem& problem) {
    const sdk::Runner& runner = *registry_->Find(problem.op)->runners.front();
    std::vector<Tactic> tactics = runner.Tactics(problem);
    tactics.insert(tactics.begin(), Tactic());
    std::vector<std::unique_ptr<sdk::Call>> calls;
    cuda::Operands::Layout layout{.cold = std::vector<bool>(problem.inputs.size(), false)};
    for (const Tactic& tactic : tactics) {
      auto call = runner.Prepare(problem, tactic);
      ASSERT_TRUE(call.ok()) << tactic.ToText() << ": " << call.error().message;
      layout.workspace_bytes = std::max(layout.workspace_bytes, (*call)->WorkspaceBytes());
      calls.push_back(*std::move(call));
    }
    cuda::Operands operands(op, problem, layout, stream_);
    operands.ProvideWorkspace();
    operands.ComputeReference();
    for (size_t i = 0; i < calls.size(); ++i) {
      SCOPED_TRACE(ToText(problem) + " " + tactics[i].ToText());
      operands.Arm(calls[i]->WorkspaceBytes());
      ASSERT_NO_THROW(calls[i]->Launch({.inputs = operands.inputs(0),
                                        .outputs = operands.outputs(),
                                        .workspace = operands.workspace(),
                                        .stream = stream_}));
      ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
      const auto failure = operands.Check();
      EXPECT_FALSE(failure) << failure->detail;
    }
  }
  static void ExpectRight(const Problem& problem) { ExpectRight(OpOf(problem.op), problem); }

  static cudaStream_t stream_;
  static sdk::Registry* registry_;
};
cudaStream_t GpuKernelsTest::stream_ = nullptr;
sdk::Registry* GpuKernelsTest::registry_ = nullptr;

// One awkward problem a kernel: small enough for compute-sanitizer.
TEST_F(GpuKernelsTest, EveryTacticOnce) {
  ExpectRight(ProblemOf("rms_norm", {{"rows", 3}, {"cols", 328}}));
  ExpectRight(ProblemOf("silu_and_mul", {{"rows", 3}, {"width", 656}}));
  ExpectRight(ProblemOf("softmax", {{"rows", 5}, {"cols", 328}}, DType::kF32));
  ExpectRight(ProblemOf("softmax", {{"rows", 5}, {"cols", 1096}}));
  ExpectRight(ProblemOf("decode_attention", DecodeSizes(3, 6, 2, 64, 40, 12, 11)));
  ExpectRight(ProblemOf("decode_attention", DecodeSizes(2, 9, 1, 128, 20, 16, 9)));
}

TEST_F(GpuKernelsTest, RmsNormAndSiluAndMulAtTheEdges) {
  for (const int64_t rows : {0, 1, 3, 257}) {
    for (const int64_t cols : {0, 1, 2, 66, 1000, 4096, 14336, 40000}) {
      for (const DType dtype : {DType::kBF16, DType::kF16}) {
        ExpectRight(ProblemOf("rms_norm", {{"rows", rows}, {"cols", cols}}, dtype));
        ExpectRight(ProblemOf("silu_and_mul", {{"rows", rows}, {"width", 2 * cols}}, dtype));
      }
    }
  }
}

TEST_F(GpuKernelsTest, MoreRowsOfSiluAndMulThanAGridIsHigh) {
  ExpectRight(ProblemOf("silu_and_mul", {{"rows", 70000}, {"width", 16}}));
}

TEST_F(GpuKernelsTest, SoftmaxAtTheEdges) {
  for (const int64_t rows : {0, 1, 3, 257}) {
    for (const int64_t cols : {0, 1, 7, 66, 1000, 1028, 4096, 9001, 40000}) {
      for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
        ExpectRight(ProblemOf("softmax", {{"rows", rows}, {"cols", cols}}, dtype));
      }
    }
  }
}

TEST_F(GpuKernelsTest, SoftmaxOfValuesFarApart) {
  const int64_t cols = 4096;
  std::vector<float> x(static_cast<size_t>(2 * cols));
  for (size_t i = 0; i < x.size(); ++i) x[i] = 1e4f + static_cast<float>(i % 83);
  x[5] = -1e30f;
  std::fill_n(x.begin() + 1000, 2000, -INFINITY);  // As masks do: whole vectors, whole threads.
  const WithFills op(OpOf("softmax"), {Exactly(x)});
  ExpectRight(op, ProblemOf("softmax", {{"rows", 2}, {"cols", cols}}, DType::kF32));
}

TEST_F(GpuKernelsTest, TheSoftmaxReferenceAgreesWithTheCpu) {
  const std::vector<float> x = {0.5f, -1.0f, 2.0f, 0.0f, 3.0f, 3.0f};
  const Problem problem = ProblemOf("softmax", {{"rows", 2}, {"cols", 3}}, DType::kF32);
  const WithFills op(OpOf("softmax"), {Exactly(x)});
  cuda::Operands operands(op, problem, {.cold = {false}}, stream_);
  op.Reference(problem,
               {.inputs = operands.inputs(0), .outputs = operands.outputs(), .stream = stream_});
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  const auto y = FromDevice<float>(operands.outputs()[0], x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (size_t j = i / 3 * 3; j < i / 3 * 3 + 3; ++j) sum += std::exp(x[j] - x[i]);
    EXPECT_NEAR(y[i], 1 / sum, 1e-7) << i;
  }
}

TEST_F(GpuKernelsTest, DecodeAttentionAtTheEdges) {
  for (const Sizes& sizes : {
           DecodeSizes(0, 8, 2, 64, 10, 16, 4),      // Nothing to do.
           DecodeSizes(2, 8, 2, 64, 0, 16, 4),       // No cache: zeros.
           DecodeSizes(1, 1, 1, 64, 1, 1, 1),        // One token.
           DecodeSizes(4, 8, 8, 128, 4, 1, 1),       // One token each.
           DecodeSizes(5, 8, 2, 128, 700, 1, 130),   // Pages of one token.
           DecodeSizes(3, 32, 4, 128, 5, 7, 30),     // Odd pages, shared by all.
           DecodeSizes(3, 8, 2, 64, 30, 16, 9),      // One page more than a multiple.
           DecodeSizes(2, 12, 4, 128, 64, 64, 32),   // Three heads a kv_head.
           DecodeSizes(1, 20, 1, 64, 300, 16, 300),  // Heads of one kv_head in three blocks.
           DecodeSizes(1, 8, 8, 128, 700, 32, 700),  // Long.
       }) {
    ExpectRight(ProblemOf("decode_attention", sizes));
  }
}

TEST_F(GpuKernelsTest, DecodeAttentionOfSequencesOfAllLengths) {
  const std::vector<int32_t> lengths = {0, 1, 15, 16, 17, 31, 33, 64, 65, 127, 128, 255};
  const auto batch = static_cast<int64_t>(lengths.size());
  const Problem problem = ProblemOf("decode_attention", DecodeSizes(batch, 8, 2, 128, 300, 16, 16));
  std::vector<sdk::InputFill> fills = OpOf("decode_attention").InputFills(problem);
  fills[4] = Exactly(lengths);
  // Values all of one sign, so that an output is of one size at all lengths.
  fills[2] = sdk::UniformFill{.low = 0.5, .high = 1};
  ExpectRight(WithFills(OpOf("decode_attention"), fills), problem);
}

// Scores far apart: what is small after the maximum was found, and what comes before it.
TEST_F(GpuKernelsTest, DecodeAttentionOfLargeScores) {
  const Problem problem = ProblemOf("decode_attention", DecodeSizes(2, 8, 2, 64, 64, 16, 32));
  std::vector<sdk::InputFill> fills = OpOf("decode_attention").InputFills(problem);
  fills[0] = sdk::UniformFill{.low = -30, .high = 30};
  fills[2] = sdk::UniformFill{.low = 0.5, .high = 1};
  ExpectRight(WithFills(OpOf("decode_attention"), fills), problem);
}

TEST_F(GpuKernelsTest, TheDecodeAttentionReferenceAgreesWithTheCpu) {
  constexpr int kBatch = 2, kHeads = 4, kKvHeads = 2, kDim = 64, kPages = 9, kPageSize = 3;
  constexpr int kPagesPerSeq = 4;
  const std::vector<int32_t> lengths = {11, 4};
  const Problem problem =
      ProblemOf("decode_attention",
                DecodeSizes(kBatch, kHeads, kKvHeads, kDim, kPages, kPageSize, kPagesPerSeq));
  std::vector<sdk::InputFill> fills = OpOf("decode_attention").InputFills(problem);
  fills[4] = Exactly(lengths);
  const WithFills op(OpOf("decode_attention"), fills);
  cuda::Operands operands(op, problem, {.cold = std::vector<bool>(5, false)}, stream_);
  op.Reference(problem,
               {.inputs = operands.inputs(0), .outputs = operands.outputs(), .stream = stream_});
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);

  const auto inputs = operands.inputs(0);
  const auto q = Widened(inputs[0], kBatch * kHeads * kDim);
  const auto k = Widened(inputs[1], kPages * kKvHeads * kPageSize * kDim);
  const auto v = Widened(inputs[2], k.size());
  const auto table = FromDevice<int32_t>(inputs[3], kBatch * kPagesPerSeq);
  const auto out = Widened(operands.outputs()[0], q.size());
  for (int row = 0; row < kBatch * kHeads; ++row) {
    const int sequence = row / kHeads;
    const int kv_head = row % kHeads / (kHeads / kKvHeads);
    std::vector<double> expected(kDim);
    double sum = 0;
    for (int i = 0; i < lengths[static_cast<size_t>(sequence)]; ++i) {
      const int page = table[static_cast<size_t>(sequence * kPagesPerSeq + i / kPageSize)];
      const auto at =
          static_cast<size_t>(((page * kKvHeads + kv_head) * kPageSize + i % kPageSize) * kDim);
      double score = 0;
      for (size_t d = 0; d < kDim; ++d) score += q[static_cast<size_t>(row) * kDim + d] * k[at + d];
      const double weight = std::exp(score / std::sqrt(kDim));
      sum += weight;
      for (size_t d = 0; d < kDim; ++d) expected[d] += weight * v[at + d];
    }
    for (size_t d = 0; d < kDim; ++d) {
      const double right = expected[d] / sum;
      EXPECT_NEAR(out[static_cast<size_t>(row) * kDim + d], right, 0x1p-8 * std::abs(right) + 1e-6)
          << row << "," << d;
    }
  }
}

}  // namespace
}  // namespace tactic
