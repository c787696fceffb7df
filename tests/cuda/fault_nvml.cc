// A libnvidia-ml.so.1 that injects faults: calls that never come back, another process on the GPU,
// a GPU divided by MIG. It answers nothing about what a GPU does.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace {

constexpr int kSuccess = 0;
constexpr int kUninitialised = 1;
constexpr int kInsufficientSize = 7;

enum class Fault { kNone, kHangAtStart, kHang, kForeign, kManyForeign, kMig, kRefuses };

Fault Named(const std::string& name) {
  if (name == "none") return Fault::kNone;
  if (name == "hang_at_start") return Fault::kHangAtStart;
  if (name == "hang") return Fault::kHang;
  if (name == "foreign") return Fault::kForeign;
  if (name == "many_foreign") return Fault::kManyForeign;
  if (name == "mig") return Fault::kMig;
  if (name == "refuses") return Fault::kRefuses;
  std::abort();
}

Fault FromEnvironment() {
  const char* const name = std::getenv("FAULT_NVML");
  return name == nullptr ? Fault::kNone : Named(name);
}

std::atomic<Fault> fault{FromEnvironment()};
std::atomic<int> looks{0};  // That have begun since the last SetNvmlFault.

void BeginLook() {
  ++looks;
  looks.notify_all();
}

[[noreturn]] void Hang() {
  while (true) pause();
}

}  // namespace

extern "C" {

void SetNvmlFault(const char* name) {
  fault = Named(name);
  looks = 0;
}

// Until a watch has begun to look for the `count`th time, or hangs at the start.
void AwaitNvmlLooks(int count) {
  for (int now = looks; now < count; now = looks) looks.wait(now);
}

int nvmlInit_v2() {
  if (fault == Fault::kHangAtStart) {
    BeginLook();
    Hang();
  }
  return fault == Fault::kRefuses ? kUninitialised : kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned, void** device) {
  *device = nullptr;
  return kSuccess;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char*, void** device) {
  *device = nullptr;
  return kSuccess;
}

int nvmlDeviceGetMigMode(void*, unsigned* current, unsigned* pending) {
  *current = *pending = fault == Fault::kMig ? 1 : 0;
  return kSuccess;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = 0;
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
  BeginLook();
  if (fault == Fault::kHang) Hang();
  if (fault == Fault::kManyForeign) return kInsufficientSize;
  *count = fault == Fault::kForeign ? 2 : 1;
  return kSuccess;
}

}  // extern "C"
