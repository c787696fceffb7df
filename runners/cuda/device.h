// The GPU that this process measures on.
#pragma once

#include <string>

#include "tactic/model/key.h"
#include "tactic/model/result.h"

namespace tactic::cuda {

struct DeviceFacts {
  DeviceClass device;
  std::string driver;  // Of the kernel module: "580.159.04"; the CUDA version it speaks if unknown.
  std::string runtime;  // "13.0".
  std::string bus_id;   // "0000:19:00.0".
};

// Makes GPU `index` (in PCI bus order, as nvidia-smi counts) this thread's device and its context
// the process's own. FailedPrecondition says what was found and what is needed: no driver, one that
// is too old, no such device, one that is in exclusive use or prohibited, an architecture for which
// this build has no code.
Result<DeviceFacts> OpenDevice(int index);

}  // namespace tactic::cuda
