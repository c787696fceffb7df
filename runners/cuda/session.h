// A GPU as a device to measure on.
#pragma once

#include <memory>

#include "runners/timing/device_session.h"
#include "tactic/model/result.h"

namespace tactic::cuda {

// Opens GPU `index` for this process. Errors as OpenDevice. Between contests it holds a context and
// nothing else: all memory goes back with each sampler. A memory limit of 0 stands for the lesser
// of 8 GiB and a quarter of what is free.
Result<std::unique_ptr<timing::DeviceSession>> OpenSession(int index);

// The same, with at most so many calls in a sample: for measuring the measuring.
Result<std::unique_ptr<timing::DeviceSession>> OpenSession(int index, int most_calls);

}  // namespace tactic::cuda
