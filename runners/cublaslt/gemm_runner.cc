#include "runners/cublaslt/gemm_runner.h"

#include <cuda_runtime_api.h>

#include <array>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "runners/cublaslt/gemm_op.h"
#include "runners/cublaslt/matmul.h"

namespace tactic::cublaslt {
namespace {

struct FreeDevice {
  void operator()(float* p) const noexcept { static_cast<void>(cudaFree(p)); }
};

class GemmCall final : public sdk::Call {
 public:
  GemmCall(const Library& library, std::unique_ptr<Matmul> matmul, Matmul::Algorithm algorithm)
      : library_(library), matmul_(std::move(matmul)), algorithm_(algorithm) {}

  // The scales of f8 operands lie in device memory.
  void KeepScales(double a_scale, double b_scale) {
    std::array<float, 2 * kScaleStride> scales{};
    scales[0] = static_cast<float>(a_scale);
    scales[kScaleStride] = static_cast<float>(b_scale);
    void* memory = nullptr;
    if (cudaMalloc(&memory, sizeof(scales)) != cudaSuccess) throw std::bad_alloc();
    scales_.reset(static_cast<float*>(memory));
    const cudaError_t error =
        cudaMemcpy(memory, scales.data(), sizeof(scales), cudaMemcpyHostToDevice);
    if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
    matmul_->SetScales(scales_.get(), scales_.get() + kScaleStride);
  }

  size_t WorkspaceBytes() const override { return algorithm_.workspace_bytes; }

  void Launch(const sdk::Operands& operands) override {
    const cublasStatus_t status =
        matmul_->Run(algorithm_, operands.inputs[0], operands.inputs[1], operands.outputs[0],
                     operands.workspace, static_cast<cudaStream_t>(operands.stream));
    if (status != CUBLAS_STATUS_SUCCESS) {
      throw std::runtime_error(std::string("cublasLtMatmul: ") + library_.GetStatusString(status));
    }
  }

 private:
  static constexpr size_t kScaleStride = 64;  // Floats: each scale is aligned as memory is.

  const Library& library_;
  std::unique_ptr<Matmul> matmul_;
  const Matmul::Algorithm algorithm_;
  std::unique_ptr<float, FreeDevice> scales_;
};

class GemmRunner final : public sdk::Runner {
 public:
  GemmRunner(const Library& library, GemmRunnerOptions options)
      : library_(library), options_(options) {}

  // Raise the unique id whenever a tactic comes to mean something else or to run at another speed.
  RunnerId Id() const override { return {"cublaslt", "1"}; }
  std::vector<Component> Libraries() const override { return {{"cublaslt", library_.Version()}}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const auto matmul = Describe(problem);
    if (!matmul.ok()) return {};
    std::vector<Tactic> tactics;
    for (const auto& result : (*matmul)->Heuristic(options_.heuristic)) {
      tactics.push_back((*matmul)->ToTactic(result.algo));
    }
    auto drawn = (*matmul)->Draw(options_.drawn, options_.seed, tactics);
    // The first of all is the default, which is a candidate already.
    if (!tactics.empty()) tactics.erase(tactics.begin());
    tactics.insert(tactics.end(), drawn.begin(), drawn.end());
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    auto matmul = Describe(problem);
    if (!matmul.ok()) return matmul.error();
    auto algorithm = tactic.empty() ? Default(problem, **matmul) : (*matmul)->FromTactic(tactic);
    if (!algorithm.ok()) return algorithm.error();
    auto call = std::make_unique<GemmCall>(library_, *std::move(matmul), *algorithm);
    const GemmShape shape = ShapeOf(problem).value();
    if (shape.dtype == DType::kF8E4M3) {
      call->KeepScales(shape.a_scale, shape.b_scale);
    } else if (shape.a_scale != 1 || shape.b_scale != 1) {
      return InvalidArgument("a_scale and b_scale are for f8 operands; leave them at 1");
    }
    return std::unique_ptr<sdk::Call>(std::move(call));
  }

 private:
  Result<std::unique_ptr<Matmul>> Describe(const Problem& problem) const {
    const Result<GemmShape> shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    if (shape->dtype == DType::kF8E4M3 && !shape->b_transposed) {
      return InvalidArgument("cuBLASLt multiplies f8 operands only where b is col_major");
    }
    return Matmul::Create(library_, *shape);
  }

  Result<Matmul::Algorithm> Default(const Problem& problem, const Matmul& matmul) const {
    const auto first = matmul.Heuristic(1);
    if (!first.empty()) return Matmul::Algorithm{first[0].algo, first[0].workspaceSize};
    return Error{ErrorCode::kFailedPrecondition, "cuBLASLt " + library_.Version() +
                                                     " has no algorithm for " + ToText(problem) +
                                                     " on this GPU"};
  }

  const Library& library_;
  const GemmRunnerOptions options_;
};

}  // namespace

std::unique_ptr<sdk::Runner> MakeGemmRunner(const Library& library, GemmRunnerOptions options) {
  return std::make_unique<GemmRunner>(library, options);
}

}  // namespace tactic::cublaslt
