// NVIDIA's driver, loaded at run time: what must be asked of it before the CUDA runtime may be
// used, which on a machine that cannot measure says less, and cannot be tested without a GPU.
#pragma once

#include <cuda.h>

#include <string>

#include "tactic/model/result.h"

namespace tactic::cuda {

// Entry points of libcuda under the names of cuda.h, without their "cu". Stays loaded.
struct Driver {
  decltype(&cuDriverGetVersion) DriverGetVersion = nullptr;
  decltype(&cuInit) Init = nullptr;
  decltype(&cuGetErrorName) GetErrorName = nullptr;
  decltype(&cuGetErrorString) GetErrorString = nullptr;
  decltype(&cuDeviceGetCount) DeviceGetCount = nullptr;
  decltype(&cuDeviceGet) DeviceGet = nullptr;
  decltype(&cuDeviceGetName) DeviceGetName = nullptr;
  decltype(&cuDeviceGetAttribute) DeviceGetAttribute = nullptr;
  decltype(&cuDeviceGetPCIBusId) DeviceGetPCIBusId = nullptr;
  decltype(&cuDeviceTotalMem) DeviceTotalMem = nullptr;
  decltype(&cuDevicePrimaryCtxRetain) DevicePrimaryCtxRetain = nullptr;
  decltype(&cuDevicePrimaryCtxRelease) DevicePrimaryCtxRelease = nullptr;
  decltype(&cuCtxSetCurrent) CtxSetCurrent = nullptr;
  decltype(&cuMemGetInfo) MemGetInfo = nullptr;

  // "out of memory (CUDA_ERROR_OUT_OF_MEMORY, 2)".
  std::string ToText(CUresult error) const;
};

inline constexpr const char* kDriverLibrary = "libcuda.so.1";

// Loads `library`; the driver behind it is not started. FailedPrecondition says what was found and
// what is needed: no such library, one that lacks something, one that is older than the CUDA
// runtime of this build. May be called again.
Result<Driver> LoadDriver(const char* library = kDriverLibrary);

// What is known to help when the driver does not start with this error: a sentence, after ". ", or
// nothing.
std::string HelpFor(CUresult error);

// 13000 -> "13.0".
std::string VersionText(int cuda_version);

}  // namespace tactic::cuda
