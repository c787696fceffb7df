#include "runners/cuda/session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "runners/cuda/cuda_sampler.h"
#include "runners/cuda/device.h"
#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr uint64_t kMostMemory = uint64_t{8} << 30;

class CudaSession final : public timing::DeviceSession {
 public:
  explicit CudaSession(DeviceFacts facts) : facts_(std::move(facts)) {
    cudaStream_t stream = nullptr;
    ThrowIf(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    shared_.stream.reset(stream);
    shared_.gate = std::make_unique<HostGate>();
    shared_.clock = std::make_unique<SmClock>(stream);
  }

  const DeviceClass& device() const override { return facts_.device; }
  std::string driver() const override { return facts_.driver; }
  std::string runtime() const override { return facts_.runtime; }

  Result<std::unique_ptr<timing::Sampler>> MakeSampler(timing::SamplerRequest request,
                                                       timing::LaunchObserver& observer) override {
    CudaSamplerOptions options;
    options.l2_bytes = facts_.device.cache_bytes;
    size_t free = 0;
    size_t total = 0;
    if (const cudaError_t error = cudaMemGetInfo(&free, &total); error != cudaSuccess) {
      return Error{ErrorCode::kInternal, "asking for free memory: " + ToText(error)};
    }
    options.memory_bytes = std::min<uint64_t>(kMostMemory, free / 4);
    if (request.memory_bytes > 0) {
      options.memory_bytes = std::min(options.memory_bytes, request.memory_bytes);
    }
    return CudaSampler::Create(std::move(request), options, shared_, observer);
  }

 private:
  DeviceFacts facts_;
  SharedState shared_;
};

}  // namespace

Result<std::unique_ptr<timing::DeviceSession>> OpenSession(int index) {
  auto facts = OpenDevice(index);
  if (!facts.ok()) return facts.error();
  try {
    return std::unique_ptr<timing::DeviceSession>(std::make_unique<CudaSession>(*std::move(facts)));
  } catch (const CudaError& e) {
    return Error{ErrorCode::kFailedPrecondition,
                 "GPU " + std::to_string(index) + " is not usable: " + e.what()};
  }
}

}  // namespace tactic::cuda
