// The fault-injecting driver libraries, in this process: whoever loads libcuda.so.1 or
// libnvidia-ml.so.1 by these names from then on gets them.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace tactic::testing {

class FaultLibrary {
 public:
  explicit FaultLibrary(const char* path) : library_(dlopen(path, RTLD_NOW)) {
    if (library_ != nullptr) return;
    std::fprintf(stderr, "%s\n", dlerror());
    std::abort();
  }

  template <typename Function>
  Function* Get(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }

 private:
  void* library_;
};

// The driver has this fault from now on; fault_driver.cc names them.
inline void SetDriverFault(const char* fault) {
  static const FaultLibrary library(TACTIC_FAULT_DRIVER);
  library.Get<void(const char*)>("SetDriverFault")(fault);
}

inline const FaultLibrary& FaultNvml() {
  static const FaultLibrary library(TACTIC_FAULT_NVML);
  return library;
}

// The same of NVML; fault_nvml.cc names them.
inline void SetNvmlFault(const char* fault) {
  FaultNvml().Get<void(const char*)>("SetNvmlFault")(fault);
}

// Waits until NVML has been asked for the GPU's processes so many times, or hangs.
inline void AwaitNvmlLooks(int count) { FaultNvml().Get<void(int)>("AwaitNvmlLooks")(count); }

}  // namespace tactic::testing
