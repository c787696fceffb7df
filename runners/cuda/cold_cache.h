// Sees to it that what must come from memory is not in the L2: keeps count of what was read.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runners/cuda/memory.h"

namespace tactic::cuda {

// The cold inputs of one problem lie in `copies` copies, which samples walk. A copy is cold again
// once twice the L2's size was read from elsewhere; where the samples themselves do not see to
// that, the L2 is swept. Single-threaded. Throws CudaError.
class ColdCache {
 public:
  // `bytes`: of one copy, as far as it must be cold; 0: nothing must be. `always_sweep`: rotation
  // alone was found not to be enough on this device.
  ColdCache(size_t copies, size_t bytes, uint64_t l2_bytes, bool always_sweep, cudaStream_t stream);

  // More calls than this in one sample would read the first copies again at its end, so that the
  // next sample found them warm. No bound where the copies are too small to be cold by rotation.
  int MostCalls() const;
  // Where a sample of `calls` calls had best start: calls that read enough by themselves always at
  // the first copy, which is then cold again by the time that the next sample reads it; others
  // each time somewhere else.
  size_t FirstCopyFor(int calls);

  // Before a sample whose calls read copies `first`, `first` + 1, ...: makes them cold and notes
  // that they are not any more. May enqueue a sweep.
  void Prepare(size_t first, int calls);
  // They were read without having been made cold.
  void NoteRead(size_t first, int calls);

 private:
  bool ColdByItself() const { return bytes_ >= 3 * enough_ / 2; }

  const size_t bytes_;
  const uint64_t enough_;
  const bool always_sweep_;
  const cudaStream_t stream_;
  DeviceBytes sweep_;            // As large as `enough_`.
  uint64_t read_ = 0;            // Bytes so far,
  std::vector<uint64_t> since_;  // and when each copy was last read.
  size_t next_ = 0;
};

}  // namespace tactic::cuda
