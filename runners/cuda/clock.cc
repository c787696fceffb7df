#include "runners/cuda/clock.h"

#include <array>
#include <cmath>
#include <cstdint>

#include "runners/cuda/host_clock.h"
#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"

namespace tactic::cuda {

SmClock::SmClock(cudaStream_t stream) : stream_(stream), words_(Allocate(2 * sizeof(uint64_t))) {}

double SmClock::Probe() {
  std::array<uint64_t, 2> read{};
  ProbeClock(reinterpret_cast<uint64_t*>(words_.get()), stream_);
  ThrowIf(cudaMemcpyAsync(read.data(), words_.get(), sizeof(read), cudaMemcpyDeviceToHost, stream_),
          "reading the clock");
  ThrowIf(cudaStreamSynchronize(stream_), "reading the clock");
  return read[1] == 0 ? 0 : 1e3 * static_cast<double>(read[0]) / static_cast<double>(read[1]);
}

void SmClock::Steady(const std::function<void()>& busy) {
  constexpr double kWindowNs = 10e6, kLeastNs = 30e6, kMostNs = 500e6, kRecentNs = 200e6;
  constexpr double kChange = 0.01;
  constexpr int kWindows = 3;
  const double start = HostNowNs();
  if (busy_until_ns_ > 0 && start - busy_until_ns_ < kRecentNs) return;
  double before = Probe();
  int steady = 0;
  while (HostNowNs() - start < kMostNs && (steady < kWindows || HostNowNs() - start < kLeastNs)) {
    const double window = HostNowNs();
    while (HostNowNs() - window < kWindowNs) busy();
    const double now = Probe();
    steady = std::abs(now - before) < kChange * before ? steady + 1 : 0;
    before = now;
  }
  Mark();
}

void SmClock::Mark() { busy_until_ns_ = HostNowNs(); }

}  // namespace tactic::cuda
