#include "bench/gpu/delay.h"

namespace tactic::bench {
namespace {

__device__ uint64_t GlobalNs() {
  uint64_t ns;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}

__global__ void DelayKernel(uint64_t nanoseconds) {
  const uint64_t start = GlobalNs();
  while (GlobalNs() - start < nanoseconds) {
  }
}

}  // namespace

void Delay(uint64_t nanoseconds, cudaStream_t stream) {
  DelayKernel<<<1, 1, 0, stream>>>(nanoseconds);
}

}  // namespace tactic::bench
