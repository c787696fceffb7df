// The host's clock, for costs and pauses; kernels are timed by the device's own.
#pragma once

#include <chrono>

namespace tactic::cuda {

inline double HostNowNs() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace tactic::cuda
