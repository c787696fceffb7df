#include "runners/cuda/session.h"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "runners/cuda/cuda_sampler.h"
#include "runners/cuda/device.h"
#include "runners/cuda/gpu_watch.h"
#include "runners/cuda/self_check.h"
#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr uint64_t kMostMemory = uint64_t{8} << 30;
// What a contest may keep of the device's memory: the code of its kernels stays loaded.
constexpr uint64_t kMostKept = uint64_t{512} << 20;

uint64_t FreeBytes() {
  size_t free = 0;
  size_t total = 0;
  ThrowIf(cudaMemGetInfo(&free, &total), "asking for free memory");
  return free;
}

class CudaSession final : public timing::DeviceSession {
 public:
  CudaSession(DeviceFacts facts, int most_calls)
      : facts_(std::move(facts)), most_calls_(most_calls), watch_(facts_.bus_id) {
    shared_.stream = MakeStream();
    cudaStream_t const stream = shared_.stream.get();
    shared_.gate = std::make_unique<HostGate>();
    shared_.clock = std::make_unique<SmClock>(stream);
    self_check_ = CheckSelf(facts_.device.cache_bytes, *shared_.gate, *shared_.clock, stream);
  }

  const DeviceClass& device() const override { return facts_.device; }
  std::string driver() const override { return facts_.driver; }
  std::string runtime() const override { return facts_.runtime; }

  std::optional<SelfCheck> self_check() const override { return self_check_; }
  Disturbances TakeDisturbances() override { return watch_.Take(); }

  int rounds_of_a_cycle() const override { return kPlaces; }

  // Another process that takes memory meanwhile looks the same; then a good worker is replaced,
  // which costs a second.
  std::string WornOut() override {
    const uint64_t free = FreeBytes();
    if (free + kMostKept >= free_before_) return "";
    return "after the contest the device has " + std::to_string((free_before_ - free) >> 20) +
           " MiB less free memory than before: a candidate keeps it";
  }

  Result<std::unique_ptr<timing::Sampler>> MakeSampler(timing::SamplerRequest request,
                                                       timing::LaunchObserver& observer) override {
    CudaSamplerOptions options;
    options.l2_bytes = facts_.device.cache_bytes;
    options.always_sweep = !self_check_.cold;
    options.most_calls = most_calls_;
    free_before_ = FreeBytes();
    options.memory_bytes = std::min<uint64_t>(kMostMemory, free_before_ / 4);
    if (request.memory_bytes > 0) {
      options.memory_bytes = std::min(options.memory_bytes, request.memory_bytes);
    }
    return CudaSampler::Create(std::move(request), options, shared_, observer);
  }

 private:
  DeviceFacts facts_;
  const int most_calls_;
  GpuWatch watch_;
  SharedState shared_;
  SelfCheck self_check_;
  uint64_t free_before_ = 0;  // The contest.
};

}  // namespace

Result<std::unique_ptr<timing::DeviceSession>> OpenSession(int index) {
  return OpenSession(index, CudaSamplerOptions().most_calls);
}

Result<std::unique_ptr<timing::DeviceSession>> OpenSession(int index, int most_calls) {
  auto facts = OpenDevice(index);
  if (!facts.ok()) return facts.error();
  try {
    return std::unique_ptr<timing::DeviceSession>(
        std::make_unique<CudaSession>(*std::move(facts), most_calls));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kFailedPrecondition,
                 "GPU " + std::to_string(index) +
                     " has no memory left for the self-check: another process has taken it"};
  } catch (const std::exception& e) {
    return Error{ErrorCode::kFailedPrecondition,
                 "GPU " + std::to_string(index) + " is not usable: " + e.what()};
  }
}

}  // namespace tactic::cuda
