// A libcuda.so.1 that injects faults: it answers what a driver answers before anything runs on a
// GPU, as machines do that cannot measure. It has no entry point that launches or allocates, so the
// CUDA runtime refuses it, and nothing can ever seem to have run.
#include <cuda.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace {

constexpr size_t kGiB = size_t{1} << 30;

struct Machine {
  const char* fault = "none";
  int version = 13000;
  CUresult init = CUDA_SUCCESS;
  const char* gpu = "NVIDIA H200";
  int major = 9;
  CUcomputemode mode = CU_COMPUTEMODE_DEFAULT;
  CUresult context = CUDA_SUCCESS;
  size_t free_bytes = 139 * kGiB;
  size_t total_bytes = 140 * kGiB;
};

constexpr Machine kMachines[] = {
    {},
    {.fault = "old_driver", .version = 12040},
    {.fault = "no_device", .init = CUDA_ERROR_NO_DEVICE},
    {.fault = "mismatch", .init = CUDA_ERROR_SYSTEM_DRIVER_MISMATCH},
    {.fault = "stub", .init = CUDA_ERROR_STUB_LIBRARY},
    {.fault = "no_fabric", .init = CUDA_ERROR_SYSTEM_NOT_READY},
    {.fault = "old_gpu", .gpu = "NVIDIA A100-SXM4-80GB", .major = 8},
    {.fault = "prohibited", .mode = CU_COMPUTEMODE_PROHIBITED},
    {.fault = "exclusive",
     .mode = CU_COMPUTEMODE_EXCLUSIVE_PROCESS,
     .context = CUDA_ERROR_DEVICE_UNAVAILABLE},
    {.fault = "no_memory_for_a_context", .context = CUDA_ERROR_OUT_OF_MEMORY},
    {.fault = "full", .free_bytes = 300 * kGiB / 1024},
    {.fault = "instance",
     .gpu = "NVIDIA H200 MIG 1g.18gb",
     .free_bytes = 16 * kGiB,
     .total_bytes = 17 * kGiB},
};

const Machine* Find(const char* fault) {
  const auto* const found =
      std::find_if(std::begin(kMachines), std::end(kMachines),
                   [&](const Machine& machine) { return std::strcmp(machine.fault, fault) == 0; });
  if (found == std::end(kMachines)) std::abort();
  return found;
}

const Machine* FromEnvironment() {
  const char* const fault = std::getenv("FAULT_DRIVER");
  return fault == nullptr ? kMachines : Find(fault);
}

const Machine* machine = FromEnvironment();

}  // namespace

extern "C" {

void SetDriverFault(const char* fault) { machine = Find(fault); }

CUresult cuDriverGetVersion(int* version) {
  *version = machine->version;
  return CUDA_SUCCESS;
}

CUresult cuInit(unsigned) { return machine->init; }

CUresult cuGetErrorName(CUresult error, const char** name) {
  *name = error == CUDA_ERROR_DEVICE_UNAVAILABLE ? "CUDA_ERROR_DEVICE_UNAVAILABLE" : "CUDA_ERROR";
  return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  *text = error == CUDA_ERROR_NO_DEVICE ? "no CUDA-capable device is detected" : "an error";
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int index) {
  *device = index;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int size, CUdevice) {
  std::strncpy(name, machine->gpu, static_cast<size_t>(size) - 1);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = machine->major;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = 0;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
      *value = machine->mode;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = 16;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      *value = 8 << 20;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuDeviceGetPCIBusId(char* id, int size, CUdevice) {
  std::strncpy(id, "0000:19:00.0", static_cast<size_t>(size) - 1);
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem(size_t* bytes, CUdevice) {
  *bytes = machine->total_bytes;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
  *context = nullptr;
  return machine->context;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }

CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }

CUresult cuMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  *free_bytes = machine->free_bytes;
  *total_bytes = machine->total_bytes;
  return CUDA_SUCCESS;
}

}  // extern "C"
