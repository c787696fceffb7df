#include "runners/cuda/driver.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>

namespace tactic::cuda {
namespace {

// Within one major version the runtime works with any driver.
constexpr int kLeastVersion = CUDART_VERSION / 1000 * 1000;

struct Hint {
  CUresult error;
  const char* text;
};
constexpr std::array<Hint, 5> kHints = {{
    {CUDA_ERROR_STUB_LIBRARY,
     ". That library is a stub of the CUDA toolkit: the driver's own must come first in "
     "LD_LIBRARY_PATH"},
    {CUDA_ERROR_SYSTEM_NOT_READY,
     ". A machine with NVSwitch needs its fabric manager: systemctl status nvidia-fabricmanager"},
    {CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
     ". After an update of the driver, its kernel module must be reloaded, or the machine "
     "restarted"},
    {CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE,
     ". The compatibility library (cuda-compat) does not work with this GPU: take it out of "
     "LD_LIBRARY_PATH, or update the driver"},
    {CUDA_ERROR_UNKNOWN, ". The kernel's log may say more; /dev/nvidia-uvm must exist"},
}};

Error NotUsable(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}

template <typename Function>
void Find(void* library, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(name);
}

// What cuda.h calls a function and what the library does may differ: cuMemGetInfo is a macro.
#define TACTIC_TEXT(NAME) #NAME
#define TACTIC_SYMBOL(NAME) TACTIC_TEXT(NAME)
#define TACTIC_FIND(NAME) Find(library, TACTIC_SYMBOL(cu##NAME), driver.NAME, missing)

std::string FindAll(void* library, Driver& driver) {
  std::string missing;
  TACTIC_FIND(DriverGetVersion);
  TACTIC_FIND(Init);
  TACTIC_FIND(GetErrorName);
  TACTIC_FIND(GetErrorString);
  TACTIC_FIND(DeviceGetCount);
  TACTIC_FIND(DeviceGet);
  TACTIC_FIND(DeviceGetName);
  TACTIC_FIND(DeviceGetAttribute);
  TACTIC_FIND(DeviceGetPCIBusId);
  TACTIC_FIND(DeviceTotalMem);
  TACTIC_FIND(DevicePrimaryCtxRetain);
  TACTIC_FIND(DevicePrimaryCtxRelease);
  TACTIC_FIND(CtxSetCurrent);
  TACTIC_FIND(MemGetInfo);
  return missing;
}

#undef TACTIC_FIND
#undef TACTIC_SYMBOL
#undef TACTIC_TEXT

}  // namespace

std::string HelpFor(CUresult error) {
  for (const Hint& hint : kHints) {
    if (hint.error == error) return hint.text;
  }
  return "";
}

std::string VersionText(int cuda_version) {
  return std::to_string(cuda_version / 1000) + "." + std::to_string(cuda_version % 1000 / 10);
}

std::string Driver::ToText(CUresult error) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (GetErrorName(error, &name) != CUDA_SUCCESS || GetErrorString(error, &text) != CUDA_SUCCESS) {
    return "error " + std::to_string(static_cast<int>(error));
  }
  return std::string(text) + " (" + name + ", " + std::to_string(static_cast<int>(error)) + ")";
}

Result<Driver> LoadDriver(const char* library) {
  const std::string needed =
      "a GPU lane needs a driver for CUDA " + VersionText(kLeastVersion) + " or newer";
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return NotUsable(
        "no NVIDIA driver is installed, or its library is not where the loader looks (" +
        std::string(dlerror()) + "); " + needed);
  }
  Driver driver;
  if (const std::string missing = FindAll(handle, driver); !missing.empty()) {
    return NotUsable("the NVIDIA driver's library " + std::string(library) + " lacks " + missing +
                     "; " + needed);
  }
  int version = 0;
  if (const CUresult error = driver.DriverGetVersion(&version); error != CUDA_SUCCESS) {
    return NotUsable("the NVIDIA driver does not tell its version: " + driver.ToText(error));
  }
  if (version < kLeastVersion) {
    return NotUsable("the NVIDIA driver speaks CUDA " + VersionText(version) + "; " + needed);
  }
  return driver;
}

}  // namespace tactic::cuda
