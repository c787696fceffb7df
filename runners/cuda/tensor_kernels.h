// Small kernels of the harness: comparing, flushing, and the gate behind which a sample
// waits. All are enqueued on `stream`; none synchronises unless it says so. They throw CudaError.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::cuda {

// A hash of the content that depends on each byte's place. Waits for it.
uint64_t HashOf(const void* data, size_t bytes, cudaStream_t stream);

// Elements of `got` that are unwritten (all bits set), not finite where the reference is, or
// further from it than `tolerance`. Waits for the result.
struct Wrong {
  uint64_t count = 0;
  uint64_t first = 0;  // Index of the first one.
  double got = 0;
  double reference = 0;
};
Wrong CountWrong(DType dtype, const void* got, const void* reference, size_t elements,
                 const sdk::Tolerance& tolerance, cudaStream_t stream);

// Reads all of it once: what was in the L2 before is not any more, and no line is dirty.
void Sweep(const void* data, size_t bytes, cudaStream_t stream);
// Writes one word of each line without changing it: the data is in the L2 as if just computed.
void Touch(void* data, size_t bytes, cudaStream_t stream);
// Keeps the stream waiting until the host writes `ticket` into `*flag` (mapped host memory), or for
// 200 ms.
void Gate(const volatile uint32_t* flag, uint32_t ticket, cudaStream_t stream);

// Cycles and nanoseconds of about 20 us of spinning on one multiprocessor: the SM clock. `out`:
// two words of device memory.
void ProbeClock(uint64_t* out, cudaStream_t stream);

}  // namespace tactic::cuda
