// Sees to it that what must come from memory is not in the L2: keeps count of what was read. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactic::cuda {

// The cold inputs of one problem lie in `copies` copies, which samples walk. A copy is cold again
// once SweepBytes() were read from elsewhere; where the samples themselves do not see to that, the
// caller sweeps the L2. Single-threaded.
class ColdCache {
 public:
  // `bytes`: of one copy, as far as it must be cold; 0: nothing must be. `always_sweep`: rotation
  // alone was found not to be enough on this device.
  ColdCache(size_t copies, size_t bytes, uint64_t l2_bytes, bool always_sweep);

  // More calls than this in one sample would read the first copies again at its end, so that the
  // next sample found them warm. No bound where the copies are too small to be cold by rotation.
  int MostCalls() const;
  // Where a sample of `calls` calls had best start: calls that read enough by themselves always at
  // the first copy, which is then cold again by the time that the next sample reads it; others
  // each time somewhere else. With as many copies as all samples of a round read, one sweep serves
  // them all.
  size_t FirstCopyFor(int calls);

  // Before a sample whose calls read copies `first`, `first` + 1, ...: notes that they are read.
  // True: they are not all cold, and SweepBytes() of other memory must be read first, which is
  // noted as done.
  [[nodiscard]] bool Prepare(size_t first, int calls);
  // They were read without having been made cold.
  void NoteRead(size_t first, int calls);

  static uint64_t SweepBytes(uint64_t l2_bytes) { return 2 * l2_bytes; }

 private:
  bool ColdByItself() const { return bytes_ >= 3 * enough_ / 2; }

  const size_t bytes_;
  const uint64_t enough_;
  const bool always_sweep_;
  uint64_t read_ = 0;            // Bytes so far,
  std::vector<uint64_t> since_;  // and when each copy was last read.
  size_t next_ = 0;
};

}  // namespace tactic::cuda
