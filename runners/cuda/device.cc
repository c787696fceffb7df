#include "runners/cuda/device.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

#include "runners/cuda/nvml.h"
#include "runners/cuda/status.h"

namespace tactic::cuda {
namespace {

constexpr int kLeastMajor = 9;  // What the kernels of this build are compiled for.
// For the self-check and a contest of small operands, which may take a quarter.
constexpr size_t kLeastFreeBytes = size_t{1} << 30;

Error NotUsable(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}

std::string MiB(size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

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

// Why a GPU that is there may not be seen.
std::string HiddenText(int index) {
  if (IsInMigMode(index)) {
    return ". GPU " + std::to_string(index) +
           " is in MIG mode: CUDA sees instances in its place, and one process sees one of them, "
           "as "
           "device 0. Make instances (nvidia-smi mig -cgi ... -C), name one in "
           "CUDA_VISIBLE_DEVICES (nvidia-smi -L lists them) and use --device=0, or leave MIG mode "
           "(nvidia-smi -mig 0)";
  }
  if (const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr) {
    return ". CUDA_VISIBLE_DEVICES is '" + std::string(visible) + "': no other is seen";
  }
  return "";
}

Check Start(const Driver& driver, int index) {
  const CUresult error = driver.Init(0);
  if (error == CUDA_SUCCESS) return Ok();
  if (error != CUDA_ERROR_NO_DEVICE) {
    return NotUsable("the NVIDIA driver does not start: " + driver.ToText(error) + HelpFor(error));
  }
  const std::string hidden = HiddenText(index);
  return NotUsable("the NVIDIA driver sees no GPU: " + driver.ToText(error) +
                   (hidden.empty()
                        ? ". A GPU, its kernel module and access to /dev/nvidia* are needed"
                        : hidden));
}

// One GPU, as the driver knows it.
class Gpu {
 public:
  Gpu(const Driver& driver, int index) : driver_(driver), index_(index) {}

  Check Find() {
    int count = 0;
    if (const CUresult error = driver_.DeviceGetCount(&count); error != CUDA_SUCCESS) {
      return NotUsable("the NVIDIA driver does not count its GPUs: " + driver_.ToText(error));
    }
    if (index_ < 0 || index_ >= count) {
      return NotUsable("there is no GPU " + std::to_string(index_) + "; this process sees " +
                       std::to_string(count) + ", counted from 0" + HiddenText(index_));
    }
    CUresult error = driver_.DeviceGet(&device_, index_);
    char name[256] = {};
    if (error == CUDA_SUCCESS) error = driver_.DeviceGetName(name, sizeof(name), device_);
    if (error != CUDA_SUCCESS)
      return NotUsable(Called() + " does not answer: " + driver_.ToText(error));
    name_ = name;
    return Ok();
  }

  // That a context can be made, and has memory to measure in. The context is then the process's.
  Check MakeContext() const {
    const int mode = Attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_MODE);
    if (mode == CU_COMPUTEMODE_PROHIBITED) {
      return NotUsable(Called() + " is in compute mode 'prohibited': no process may use it. " +
                       DefaultModeText());
    }
    if (const int major = Major(); major < kLeastMajor) {
      return NotUsable(Called() + " has compute capability " + std::to_string(major) + "." +
                       std::to_string(Minor()) + "; this build has code for " +
                       std::to_string(kLeastMajor) + ".0 and newer");
    }
    CUcontext context = nullptr;
    const CUresult error = driver_.DevicePrimaryCtxRetain(&context, device_);
    if (error != CUDA_SUCCESS) return NotUsable(NoContext(error, mode));
    const Check memory = CheckMemory(context);
    if (!memory.ok()) static_cast<void>(driver_.DevicePrimaryCtxRelease(device_));
    return memory;
  }

  DeviceFacts Facts() const {
    DeviceFacts facts;
    int version = 0;
    static_cast<void>(driver_.DriverGetVersion(&version));
    facts.driver = DriverText(version);
    facts.device.kind = DeviceKind::kCuda;
    facts.device.arch = "sm_" + std::to_string(Major()) + std::to_string(Minor());
    facts.device.units = static_cast<uint32_t>(Attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
    facts.device.cache_bytes = static_cast<uint64_t>(Attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE));
    facts.device.label = name_;
    facts.device.partition = PartitionOf(name_);
    size_t bytes = 0;
    if (driver_.DeviceTotalMem(&bytes, device_) == CUDA_SUCCESS) facts.device.memory_bytes = bytes;
    char bus_id[32] = {};
    if (driver_.DeviceGetPCIBusId(bus_id, sizeof(bus_id), device_) == CUDA_SUCCESS) {
      facts.bus_id = bus_id;
    }
    return facts;
  }

  // "GPU 0 (NVIDIA H200)".
  std::string Called() const {
    const std::string number = "GPU " + std::to_string(index_);
    return name_.empty() ? number : number + " (" + name_ + ")";
  }

 private:
  int Attribute(CUdevice_attribute attribute) const {
    int value = 0;
    static_cast<void>(driver_.DeviceGetAttribute(&value, attribute, device_));
    return value;
  }
  int Major() const { return Attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR); }
  int Minor() const { return Attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR); }

  std::string DefaultModeText() const {
    return "nvidia-smi -i " + std::to_string(index_) + " -c DEFAULT opens it to all";
  }

  std::string NoContext(CUresult error, int mode) const {
    const std::string what = Called() + " gives no context: " + driver_.ToText(error);
    if (mode == CU_COMPUTEMODE_EXCLUSIVE_PROCESS) {
      return what +
             ". It is in compute mode 'exclusive process', and another process has its context: "
             "end "
             "that one (nvidia-smi lists it), or " +
             DefaultModeText();
    }
    if (error == CUDA_ERROR_OUT_OF_MEMORY) {
      return what + ". Another process has taken its memory (nvidia-smi lists them)";
    }
    return what;
  }

  Check CheckMemory(CUcontext context) const {
    size_t free = 0;
    size_t total = 0;
    CUresult error = driver_.CtxSetCurrent(context);
    if (error == CUDA_SUCCESS) error = driver_.MemGetInfo(&free, &total);
    if (error != CUDA_SUCCESS) {
      return NotUsable(Called() + " does not tell its free memory: " + driver_.ToText(error));
    }
    if (free >= kLeastFreeBytes) return Ok();
    return NotUsable(Called() + " has " + MiB(free) + " of " + MiB(total) +
                     " of memory free; measuring needs " + MiB(kLeastFreeBytes) +
                     ". Another process has taken the rest (nvidia-smi lists them)");
  }

  const Driver& driver_;
  const int index_;
  CUdevice device_ = 0;
  std::string name_;
};

}  // namespace

Result<DeviceFacts> AskDriver(const Driver& driver, int index) {
  setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", /*overwrite=*/0);
  if (const Check check = Start(driver, index); !check.ok()) return check.error();
  Gpu gpu(driver, index);
  if (const Check check = gpu.Find(); !check.ok()) return check.error();
  if (const Check check = gpu.MakeContext(); !check.ok()) return check.error();
  return gpu.Facts();
}

Result<DeviceFacts> OpenDevice(int index) {
  const Result<Driver> driver = LoadDriver();
  if (!driver.ok()) return driver.error();
  Result<DeviceFacts> facts = AskDriver(*driver, index);
  if (!facts.ok()) return facts.error();
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = cudaFree(nullptr);  // Takes the context for the runtime's.
  if (error != cudaSuccess) {
    return NotUsable("the CUDA runtime cannot use GPU " + std::to_string(index) + ": " +
                     ToText(error));
  }
  int version = 0;
  ThrowIf(cudaRuntimeGetVersion(&version), "asking for the runtime's version");
  facts->runtime = VersionText(version);
  return facts;
}

}  // namespace tactic::cuda
