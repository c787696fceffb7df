// NVML, NVIDIA's library for looking at GPUs from the side, loaded at run time. Any call may hang
// in a driver that is unwell, so none is made on a thread that anybody waits for without a limit.
#pragma once

#include <cstdint>
#include <optional>

namespace tactic::cuda {

// Entry points under the names of nvml.h, without their "nvml", and with its types' layout.
struct Nvml {
  using Device = struct Opaque*;
  struct ProcessInfo {  // nvmlProcessInfo_t of the functions that end in _v3.
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance;
    unsigned compute_instance;
  };
  static constexpr int kSuccess = 0;
  static constexpr int kInsufficientSize = 7;

  int (*Init)() = nullptr;
  int (*DeviceGetHandleByIndex)(unsigned, Device*) = nullptr;
  int (*DeviceGetHandleByPciBusId)(const char*, Device*) = nullptr;
  int (*DeviceGetCurrentClocksThrottleReasons)(Device, unsigned long long*) = nullptr;
  int (*DeviceGetComputeRunningProcesses)(Device, unsigned*, ProcessInfo*) = nullptr;
  int (*DeviceGetMigMode)(Device, unsigned* current, unsigned* pending) = nullptr;

  // Loaded and initialised; nullopt: there is none, or it does not start. May hang.
  static std::optional<Nvml> Load();
};

// Whether GPU `index`, in PCI bus order, is divided by MIG. False too when NVML does not say so
// within two seconds.
bool IsInMigMode(int index);

}  // namespace tactic::cuda
