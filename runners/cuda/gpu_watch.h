// Watches a GPU from the side, through NVML: why its clock is held down, and who else computes on
// it. Reads only; no setting is ever changed.
#pragma once

#include <memory>
#include <string>

#include "tactic/model/device_report.h"

namespace tactic::cuda {

// NVML is loaded at run time and called on a thread of its own, which may hang in a driver that is
// unwell: nobody waits for it. Without NVML nothing is ever found. Thread-safe.
class GpuWatch {
 public:
  // `bus_id`: of the GPU, as the CUDA runtime writes it.
  explicit GpuWatch(std::string bus_id);
  // Has the thread end when it next wakes up.
  ~GpuWatch();
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;

  // What was seen since the last call, looked at ten times a second.
  Disturbances Take();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // With the thread.
};

}  // namespace tactic::cuda
