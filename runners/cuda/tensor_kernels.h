// Small kernels of the harness: filling, checking, flushing, and the gate behind which a sample
// waits. All are enqueued on `stream`; none synchronises unless it says so. They throw CudaError.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::cuda {

// What the kernels that check a launch found about one buffer. In device memory, all zero before.
struct Finding {
  unsigned long long hash;
  unsigned long long wrong;  // Elements.
  unsigned long long first;  // ~index of the first wrong one.
  unsigned before;           // Bytes before its start up to the furthest one that was written,
  unsigned behind;           // and behind its end.
};

// Adds a hash of the content that depends on each byte's place.
void Hash(const void* data, size_t bytes, Finding* finding, cudaStream_t stream);

// Looks for bytes other than `guard` in the `guard_bytes` before `data` and behind its `bytes`.
void FindDamage(const std::byte* data, size_t bytes, size_t guard_bytes, unsigned char guard,
                Finding* finding, cudaStream_t stream);

// Counts elements of `got` that are unwritten (all bits set), not finite where the reference is, or
// further from it than `tolerance`.
void Compare(DType dtype, const void* got, const void* reference, size_t elements,
             const sdk::Tolerance& tolerance, Finding* finding, cudaStream_t stream);

// Element `index` of each. Waits for the stream.
std::pair<double, double> ReadElements(DType dtype, const void* got, const void* reference,
                                       size_t index, cudaStream_t stream);

// The same content as timing::FillRandom gives.
void FillRandom(DType dtype, void* data, size_t bytes, uint64_t seed, cudaStream_t stream);

// Reads all of it once: what was in the L2 before is not any more, and no line is dirty.
void Sweep(const void* data, size_t bytes, cudaStream_t stream);
// Writes one word of each line without changing it: the data is in the L2 as if just computed.
void Touch(void* data, size_t bytes, cudaStream_t stream);
// Keeps the stream waiting until the host writes `ticket` into `*flag` (mapped host memory), or for
// 200 ms.
void Gate(const volatile uint32_t* flag, uint32_t ticket, cudaStream_t stream);

// Does nothing: what a launch costs.
void Nothing(cudaStream_t stream);

// Cycles and nanoseconds of about 20 us of spinning on one multiprocessor: the SM clock. `out`:
// two words of device memory.
void ProbeClock(uint64_t* out, cudaStream_t stream);

}  // namespace tactic::cuda
