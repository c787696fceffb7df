#include "runners/cuda/nvml.h"

#include <dlfcn.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace tactic::cuda {
namespace {

constexpr std::chrono::seconds kPatience{2};

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool AskForMigMode(int index) {
  const std::optional<Nvml> nvml = Nvml::Load();
  Nvml::Device device = nullptr;
  unsigned current = 0;
  unsigned pending = 0;
  return nvml &&
         nvml->DeviceGetHandleByIndex(static_cast<unsigned>(index), &device) == Nvml::kSuccess &&
         nvml->DeviceGetMigMode(device, &current, &pending) == Nvml::kSuccess && current == 1;
}

}  // namespace

std::optional<Nvml> Nvml::Load() {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  Nvml nvml;
  const bool found =
      library != nullptr && Find(library, "nvmlInit_v2", nvml.Init) &&
      Find(library, "nvmlDeviceGetHandleByIndex_v2", nvml.DeviceGetHandleByIndex) &&
      Find(library, "nvmlDeviceGetHandleByPciBusId_v2", nvml.DeviceGetHandleByPciBusId) &&
      Find(library, "nvmlDeviceGetCurrentClocksThrottleReasons",
           nvml.DeviceGetCurrentClocksThrottleReasons) &&
      Find(library, "nvmlDeviceGetComputeRunningProcesses_v3",
           nvml.DeviceGetComputeRunningProcesses) &&
      Find(library, "nvmlDeviceGetMigMode", nvml.DeviceGetMigMode);
  if (!found || nvml.Init() != kSuccess) return std::nullopt;
  return nvml;
}

bool IsInMigMode(int index) {
  auto answer = std::make_shared<std::promise<bool>>();
  std::future<bool> answered = answer->get_future();
  std::thread([index, answer] { answer->set_value(AskForMigMode(index)); }).detach();
  return answered.wait_for(kPatience) == std::future_status::ready && answered.get();
}

}  // namespace tactic::cuda
