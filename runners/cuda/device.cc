#include "runners/cuda/device.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr int kLeastMajor = 9;  // What the kernels of this build are compiled for.

Error NotUsable(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}

// 13000 -> "13.0".
std::string VersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string DriverText(int cuda_version) {
  std::ifstream in("/sys/module/nvidia/version");
  std::string version;
  if (in >> version) return version;
  return "CUDA " + VersionText(cuda_version);
}

// A slice of a GPU is a device of its own: "NVIDIA H200 MIG 1g.18gb" -> "1g.18gb".
std::string PartitionOf(const std::string& name) {
  constexpr std::string_view kMark = " MIG ";
  const size_t at = name.find(kMark);
  return at == std::string::npos ? "" : name.substr(at + kMark.size());
}

Result<int> CountDevices() {
  int driver = 0;
  int runtime = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(cudaRuntimeGetVersion(&runtime));
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return count;
  if (driver == 0) {
    return NotUsable(
        "no NVIDIA driver is loaded on this machine; a GPU lane needs one that speaks "
        "CUDA " +
        VersionText(runtime));
  }
  if (error == cudaErrorInsufficientDriver) {
    return NotUsable("the NVIDIA driver speaks CUDA " + VersionText(driver) +
                     "; this build needs one for CUDA " + VersionText(runtime));
  }
  return NotUsable("no GPU is visible to this process: " + ToText(error));
}

Check CheckUsable(int index, const cudaDeviceProp& properties) {
  const std::string name = "GPU " + std::to_string(index) + " (" + properties.name + ")";
  int mode = 0;
  static_cast<void>(cudaDeviceGetAttribute(&mode, cudaDevAttrComputeMode, index));
  if (mode == cudaComputeModeProhibited) {
    return NotUsable(name + " is in compute mode 'prohibited': no process may use it");
  }
  if (properties.major < kLeastMajor) {
    return NotUsable(name + " has compute capability " + std::to_string(properties.major) + "." +
                     std::to_string(properties.minor) + "; this build has code for " +
                     std::to_string(kLeastMajor) + ".0 and newer");
  }
  return Ok();
}

}  // namespace

Result<DeviceFacts> OpenDevice(int index) {
  setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", /*overwrite=*/0);
  const Result<int> count = CountDevices();
  if (!count.ok()) return count.error();
  if (index < 0 || index >= *count) {
    return NotUsable("there is no GPU " + std::to_string(index) + "; this machine has " +
                     std::to_string(*count) + ", counted from 0");
  }
  cudaDeviceProp properties = {};
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, index); error != cudaSuccess) {
    return NotUsable("GPU " + std::to_string(index) + " does not answer: " + ToText(error));
  }
  if (const Check check = CheckUsable(index, properties); !check.ok()) return check.error();
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = cudaFree(nullptr);  // Makes the context.
  if (error != cudaSuccess) {
    return NotUsable("GPU " + std::to_string(index) + " (" + properties.name +
                     ") gives no context: " + ToText(error) +
                     ". Another process may hold it exclusively, or have taken all its memory");
  }
  DeviceFacts facts;
  facts.device.kind = DeviceKind::kCuda;
  facts.device.arch = "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
  facts.device.units = static_cast<uint32_t>(properties.multiProcessorCount);
  facts.device.cache_bytes = static_cast<uint64_t>(properties.l2CacheSize);
  facts.device.label = properties.name;
  facts.device.partition = PartitionOf(properties.name);
  facts.device.memory_bytes = properties.totalGlobalMem;
  char bus_id[32] = {};
  if (cudaDeviceGetPCIBusId(bus_id, sizeof(bus_id), index) == cudaSuccess) facts.bus_id = bus_id;
  int version = 0;
  ThrowIf(cudaDriverGetVersion(&version), "asking for the driver's version");
  facts.driver = DriverText(version);
  ThrowIf(cudaRuntimeGetVersion(&version), "asking for the runtime's version");
  facts.runtime = VersionText(version);
  return facts;
}

}  // namespace tactic::cuda
