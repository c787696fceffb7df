// The GPU that this process measures on.
#pragma once

#include <string>

#include "runners/cuda/driver.h"
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
// the process's own. FailedPrecondition says what was found and what is needed: as LoadDriver; a
// driver that does not start; no such device, also because MIG hides it; one that is in exclusive
// use or prohibited; one whose memory others have taken; an architecture for which this build has
// no code. May take two seconds longer than the driver does to say so.
Result<DeviceFacts> OpenDevice(int index);

// The part of it that is done through the driver alone; `runtime` stays empty.
Result<DeviceFacts> AskDriver(const Driver& driver, int index);

}  // namespace tactic::cuda
