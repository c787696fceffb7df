#include <cuda_runtime_api.h>
#include <signal.h>

#undef NDEBUG  // Device assertions are one of the faults.
#include <cassert>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/gpu/faulty_runner.h"

namespace tactic::testing {
namespace {

// What a launch gets.
struct Scene {
  const float* x = nullptr;
  float* y = nullptr;
  int64_t n = 0;
  cudaStream_t stream = nullptr;
};

__global__ void CopyKernel(const float* x, float* y, int64_t n, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n;
         i += int64_t{gridDim.x} * blockDim.x) {
      y[i] = x[i];
    }
  }
}

__global__ void NullStoreKernel() { *reinterpret_cast<volatile float*>(64) = 1.0f; }

__global__ void MisalignedKernel(float* y) {
  *reinterpret_cast<volatile double*>(reinterpret_cast<char*>(y) + 4) = 1.0;
}

__global__ void EndlessKernel(const volatile float* x) {
  while (*x != 1e30f) {
  }
}

__global__ void AssertKernel(int64_t n) { assert(n < 0); }

// Deep enough for any stack; `y` keeps the compiler from knowing how deep.
__device__ __noinline__ float Deeper(float* y, int depth) {
  volatile float frame[256];
  frame[depth % 256] = y[0];
  if (depth == 0) return frame[0];
  return Deeper(y, depth - 1) + frame[depth % 256];
}
__global__ void StackKernel(float* y, int depth) { y[0] = Deeper(y, depth); }

// Takes all of the device's heap, and writes where it got none.
__global__ void HeapKernel() {
  for (int i = 0; i < 1 << 20; ++i) {
    auto* memory = static_cast<volatile char*>(malloc(1 << 20));
    memory[0] = 1;
  }
}

__global__ void BehindKernel(float* y, int64_t n) { y[n] = 1.0f; }

// No two launches in a row write the same, but all of them nearly.
__device__ unsigned flaky_launches = 0;
__global__ void FlakyKernel(const float* x, float* y) {
  y[0] = x[0] * (1 + 1e-6f * static_cast<float>(flaky_launches++ % 97));
}

void Copy(const Scene& s, int rounds = 1) {
  CopyKernel<<<64, 256, 0, s.stream>>>(s.x, s.y, s.n, rounds);
}

void IllegalAddress(const Scene& s) { NullStoreKernel<<<1, 1, 0, s.stream>>>(); }
void Misaligned(const Scene& s) { MisalignedKernel<<<1, 1, 0, s.stream>>>(s.y); }
void Endless(const Scene& s) { EndlessKernel<<<1, 1, 0, s.stream>>>(s.x); }
void DeviceAssert(const Scene& s) { AssertKernel<<<1, 1, 0, s.stream>>>(s.n); }
void Stack(const Scene& s) { StackKernel<<<1, 1, 0, s.stream>>>(s.y, 1 << 20); }
void Heap(const Scene& s) { HeapKernel<<<1, 1, 0, s.stream>>>(); }
void WriteBehind(const Scene& s) {
  Copy(s);
  BehindKernel<<<1, 1, 0, s.stream>>>(s.y, s.n);
}
void WrongResult(const Scene& s) {
  CopyKernel<<<64, 256, 0, s.stream>>>(s.x + 1, s.y, s.n - 1, 1);
  CopyKernel<<<1, 1, 0, s.stream>>>(s.x, s.y + s.n - 1, 1, 1);
}
void Unwritten(const Scene& s) { CopyKernel<<<64, 256, 0, s.stream>>>(s.x, s.y, s.n - 1, 1); }
void Escape(const Scene& s) {
  static cudaStream_t other = [] {
    cudaStream_t stream = nullptr;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    return stream;
  }();
  CopyKernel<<<64, 256, 0, other>>>(s.x, s.y, s.n, 1);
}
void Nothing(const Scene&) {}
void Flaky(const Scene& s) {
  Copy(s);
  FlakyKernel<<<1, 1, 0, s.stream>>>(s.x, s.y);
}
void TooManyThreads(const Scene& s) { CopyKernel<<<1, 2048, 0, s.stream>>>(s.x, s.y, s.n, 1); }
void Synchronise(const Scene& s) {
  Copy(s);
  cudaStreamSynchronize(s.stream);
}
void HostCrash(const Scene&) { raise(SIGSEGV); }
void HostThrow(const Scene&) { throw std::runtime_error("no kernel for this problem"); }

struct Act {
  const char* name;
  void (*launch)(const Scene&);
};
constexpr Act kActs[] = {
    {"illegal_address", IllegalAddress},
    {"misaligned", Misaligned},
    {"endless", Endless},
    {"device_assert", DeviceAssert},
    {"stack", Stack},
    {"heap", Heap},
    {"write_behind", WriteBehind},
    {"wrong_result", WrongResult},
    {"unwritten", Unwritten},
    {"escape", Escape},
    {"nothing", Nothing},
    {"flaky", Flaky},
    {"too_many_threads", TooManyThreads},
    {"synchronise", Synchronise},
    {"host_crash", HostCrash},
    {"host_throw", HostThrow},
};

class CopyOp final : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"copy",
            {{"x", {"n"}, {DType::kF32}, {Layout::kRowMajor}, false}},
            {{"acts", std::string()}, {"good", int64_t{2}}}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    Copy({static_cast<const float*>(operands.inputs[0]), static_cast<float*>(operands.outputs[0]),
          problem.inputs[0].dims[0].opt, static_cast<cudaStream_t>(operands.stream)});
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {0, 1e-3}; }
  double Flops(const Problem&) const override { return 0; }
};

class Call final : public sdk::Call {
 public:
  Call(int64_t n, void (*launch)(const Scene&), int rounds, size_t workspace)
      : n_(n), launch_(launch), rounds_(rounds), workspace_(workspace) {}
  size_t WorkspaceBytes() const override { return workspace_; }
  void Launch(const sdk::Operands& operands) override {
    const Scene scene{static_cast<const float*>(operands.inputs[0]),
                      static_cast<float*>(operands.outputs[0]), n_,
                      static_cast<cudaStream_t>(operands.stream)};
    if (launch_ == nullptr) {
      Copy(scene, rounds_);
    } else {
      launch_(scene);
    }
  }

 private:
  const int64_t n_;
  void (*const launch_)(const Scene&);
  const int rounds_;
  const size_t workspace_;
};

// Well-behaved tactics are {rounds: 2, 3, ...}: the more, the slower; the default has 1.
class FaultyRunner final : public sdk::Runner {
 public:
  RunnerId Id() const override { return {"faulty", "1"}; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    std::vector<Tactic> tactics;
    for (int64_t i = 0; i < problem.attributes.IntOr("good", 0); ++i) {
      tactics.push_back({{"rounds", i + 2}});
    }
    std::istringstream acts(problem.attributes.StringOr("acts", ""));
    for (std::string act; std::getline(acts, act, ',');) tactics.push_back({{"act", act}});
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const int64_t n = problem.inputs[0].dims[0].opt;
    const std::string act = tactic.StringOr("act", "");
    const int rounds = static_cast<int>(tactic.IntOr("rounds", 1));
    if (act.empty()) return Make(n, nullptr, rounds, 0);
    if (act == "huge_workspace") return Make(n, nullptr, rounds, size_t{1} << 50);
    if (act == "out_of_memory") {
      void* memory = nullptr;
      const cudaError_t error = cudaMalloc(&memory, size_t{1} << 50);
      return Error{ErrorCode::kOutOfMemory, cudaGetErrorString(error)};
    }
    if (act == "leak") {
      void* memory = nullptr;
      cudaMalloc(&memory, size_t{1} << 30);
      return Make(n, nullptr, rounds, 0);
    }
    for (const Act& known : kActs) {
      if (act == known.name) return Make(n, known.launch, rounds, 0);
    }
    return InvalidArgument("unknown act " + act);
  }

 private:
  static Result<std::unique_ptr<sdk::Call>> Make(int64_t n, void (*launch)(const Scene&),
                                                 int rounds, size_t workspace) {
    return std::unique_ptr<sdk::Call>(std::make_unique<Call>(n, launch, rounds, workspace));
  }
};

}  // namespace

void RegisterFaulty(sdk::Registry& registry) {
  registry.Add(std::make_unique<CopyOp>());
  registry.Add("copy", std::make_unique<FaultyRunner>());
}

}  // namespace tactic::testing
