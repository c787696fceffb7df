#include <cuda_runtime_api.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/gpu/copy_op.h"

namespace tactic::bench {
namespace {

template <int unroll>
__global__ void CopyKernel(const float4* __restrict__ x, float4* __restrict__ y, int64_t count) {
  const int64_t first = int64_t{blockIdx.x} * blockDim.x * unroll + threadIdx.x;
  float4 held[unroll];
#pragma unroll
  for (int i = 0; i < unroll; ++i) {
    const int64_t at = first + int64_t{i} * blockDim.x;
    if (at < count) held[i] = x[at];
  }
#pragma unroll
  for (int i = 0; i < unroll; ++i) {
    const int64_t at = first + int64_t{i} * blockDim.x;
    if (at < count) y[at] = held[i];
  }
}

void ThrowIf(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

void Memcpy(size_t bytes, const sdk::Operands& operands) {
  ThrowIf(cudaMemcpyAsync(operands.outputs[0], operands.inputs[0], bytes, cudaMemcpyDeviceToDevice,
                          static_cast<cudaStream_t>(operands.stream)));
}

class CopyOp final : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"copy", {{"x", {"elements"}, {DType::kF32}, {Layout::kRowMajor}, false}}, {}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    Memcpy(Bytes(problem.inputs[0]), operands);
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {}; }
  double Flops(const Problem&) const override { return 0; }
};

class MemcpyCall final : public sdk::Call {
 public:
  explicit MemcpyCall(size_t bytes) : bytes_(bytes) {}
  void Launch(const sdk::Operands& operands) override { Memcpy(bytes_, operands); }

 private:
  const size_t bytes_;
};

class MemcpyRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"memcpy", "1"}; }
  std::vector<Tactic> Tactics(const Problem&) const override { return {}; }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem, const Tactic&) const override {
    return std::unique_ptr<sdk::Call>(std::make_unique<MemcpyCall>(Bytes(problem.inputs[0])));
  }
};

class CopyCall final : public sdk::Call {
 public:
  CopyCall(int64_t count, int threads, int unroll)
      : count_(count), threads_(threads), unroll_(unroll) {}
  void Launch(const sdk::Operands& operands) override {
    const auto kernel = unroll_ == 1 ? CopyKernel<1> : unroll_ == 2 ? CopyKernel<2> : CopyKernel<4>;
    const int64_t piece = int64_t{threads_} * unroll_;
    kernel<<<static_cast<unsigned>((count_ + piece - 1) / piece), static_cast<unsigned>(threads_),
             0, static_cast<cudaStream_t>(operands.stream)>>>(
        static_cast<const float4*>(operands.inputs[0]), static_cast<float4*>(operands.outputs[0]),
        count_);
    ThrowIf(cudaGetLastError());
  }

 private:
  const int64_t count_;
  const int threads_;
  const int unroll_;
};

class CopyRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"copy", "1"}; }
  std::vector<Tactic> Tactics(const Problem&) const override {
    std::vector<Tactic> tactics;
    for (const int64_t threads : {256, 512, 1024}) {
      for (const int64_t unroll : {1, 2, 4}) {
        tactics.push_back({{"threads", threads}, {"unroll", unroll}});
      }
    }
    return tactics;
  }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const int64_t elements = problem.inputs[0].dims[0].opt;
    if (elements % 4 != 0) return InvalidArgument("elements must be a multiple of 4");
    return std::unique_ptr<sdk::Call>(
        std::make_unique<CopyCall>(elements / 4, static_cast<int>(tactic.IntOr("threads", 512)),
                                   static_cast<int>(tactic.IntOr("unroll", 2))));
  }
};

}  // namespace

void RegisterCopy(sdk::Registry& registry) {
  registry.Add(std::make_unique<CopyOp>());
  registry.Add("copy", std::make_unique<CopyRunner>());
  registry.Add("copy", std::make_unique<MemcpyRunner>());
}

}  // namespace tactic::bench
