#include "runners/cuda/gpu_watch.h"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

namespace tactic::cuda {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr int kSuccess = 0;
constexpr unsigned kMostProcesses = 64;

// The part of nvml.h that is used here, with its numbers.
using Device = struct Opaque*;
struct ProcessInfo {  // nvmlProcessInfo_t of the functions that end in _v3.
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};

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

struct Nvml {
  int (*init)() = nullptr;
  int (*by_bus_id)(const char*, Device*) = nullptr;
  int (*reasons)(Device, unsigned long long*) = nullptr;
  int (*processes)(Device, unsigned*, ProcessInfo*) = nullptr;
};

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool Load(Nvml& nvml) {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  return library != nullptr && Find(library, "nvmlInit_v2", nvml.init) &&
         Find(library, "nvmlDeviceGetHandleByPciBusId_v2", nvml.by_bus_id) &&
         Find(library, "nvmlDeviceGetCurrentClocksThrottleReasons", nvml.reasons) &&
         Find(library, "nvmlDeviceGetComputeRunningProcesses_v3", nvml.processes) &&
         nvml.init() == kSuccess;
}

// This process has a context too. Its number is no help: NVML may know it by another one.
bool SeesForeign(const Nvml& nvml, Device device) {
  std::array<ProcessInfo, kMostProcesses> list;
  unsigned count = kMostProcesses;
  return nvml.processes(device, &count, list.data()) == kSuccess && count > 1;
}

uint32_t Look(const Nvml& nvml, Device device) {
  uint32_t seen = SeesForeign(nvml, device) ? kForeignBit : 0;
  unsigned long long reasons = 0;
  if (nvml.reasons(device, &reasons) != kSuccess) return seen;
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
    Nvml nvml;
    Device device = nullptr;
    if (!Load(nvml) || nvml.by_bus_id(shared->bus_id.c_str(), &device) != kSuccess) return;
    while (!shared->stop) {
      shared->seen |= Look(nvml, device);
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
