#include "runners/cuda/gpu_watch.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "runners/cuda/nvml.h"

namespace tactic::cuda {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr unsigned kMostProcesses = 64;

struct Reason {
  uint64_t bit;
  const char* text;
};
// Idle and the clocks that an operator set are no disturbance, and every kernel under load meets
// the power cap: it is noted, since it says that the device runs at its limit.
constexpr std::array<Reason, 5> kReasons = {{
    {0x4, "the clock was held down by the power cap"},
    {0x8, "the clock was held down by the hardware (power brake or temperature)"},
    {0x20, "the clock was held down by the driver's limit of temperature"},
    {0x40, "the clock was halved by the hardware's limit of temperature"},
    {0x80, "the clock was held down by the power supply (power brake)"},
}};
constexpr const char* kForeign = "another process had a context on this GPU";
constexpr uint32_t kForeignBit = 1u << kReasons.size();

// This process has a context too. Its number is no help: NVML may know it by another one.
bool SeesForeign(const Nvml& nvml, Nvml::Device device) {
  std::array<Nvml::ProcessInfo, kMostProcesses> list;
  unsigned count = kMostProcesses;
  const int status = nvml.DeviceGetComputeRunningProcesses(device, &count, list.data());
  return status == Nvml::kInsufficientSize || (status == Nvml::kSuccess && count > 1);
}

uint32_t Look(const Nvml& nvml, Nvml::Device device) {
  uint32_t seen = SeesForeign(nvml, device) ? kForeignBit : 0;
  unsigned long long reasons = 0;
  if (nvml.DeviceGetCurrentClocksThrottleReasons(device, &reasons) != Nvml::kSuccess) return seen;
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if ((reasons & kReasons[i].bit) != 0) seen |= 1u << i;
  }
  return seen;
}

}  // namespace

struct GpuWatch::Shared {
  std::string bus_id;
  std::atomic<bool> stop{false};
  std::atomic<uint32_t> seen{0};
};

GpuWatch::GpuWatch(std::string bus_id) : shared_(std::make_shared<Shared>()) {
  shared_->bus_id = std::move(bus_id);
  std::thread([shared = shared_] {
    const std::optional<Nvml> nvml = Nvml::Load();
    Nvml::Device device = nullptr;
    if (!nvml ||
        nvml->DeviceGetHandleByPciBusId(shared->bus_id.c_str(), &device) != Nvml::kSuccess) {
      return;
    }
    while (!shared->stop) {
      shared->seen |= Look(*nvml, device);
      std::this_thread::sleep_for(kInterval);
    }
  }).detach();
}

GpuWatch::~GpuWatch() { shared_->stop = true; }

Disturbances GpuWatch::Take() {
  const uint32_t seen = shared_->seen.exchange(0);
  Disturbances disturbances;
  if ((seen & kForeignBit) != 0) disturbances.emplace_back(kForeign);
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if ((seen & (1u << i)) != 0) disturbances.emplace_back(kReasons[i].text);
  }
  return disturbances;
}

}  // namespace tactic::cuda
