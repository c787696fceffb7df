#include "runners/cuda/cold_cache.h"

#include <algorithm>
#include <limits>

namespace tactic::cuda {

ColdCache::ColdCache(size_t copies, size_t bytes, uint64_t l2_bytes, bool always_sweep)
    : bytes_(bytes),
      enough_(SweepBytes(l2_bytes)),
      always_sweep_(always_sweep),
      since_(copies, 0) {}

int ColdCache::MostCalls() const {
  const bool rotates = bytes_ > 0 && since_.size() > 1 && (since_.size() - 1) * bytes_ >= enough_;
  return rotates ? static_cast<int>(since_.size()) : std::numeric_limits<int>::max();
}

size_t ColdCache::FirstCopyFor(int calls) {
  if (static_cast<size_t>(calls - 1) * bytes_ >= enough_) return 0;
  const size_t first = next_;
  next_ = (next_ + static_cast<size_t>(calls)) % since_.size();
  return first;
}

bool ColdCache::Prepare(size_t first, int calls) {
  if (bytes_ == 0) return false;
  bool warm = always_sweep_;
  uint64_t read = read_;  // By the time that the sample reaches the copy.
  for (size_t i = 0; i < std::min(static_cast<size_t>(calls), since_.size()); ++i, read += bytes_) {
    warm = warm || (!ColdByItself() && read - since_[(first + i) % since_.size()] < enough_);
  }
  if (warm) read_ += enough_;
  NoteRead(first, calls);
  return warm;
}

void ColdCache::NoteRead(size_t first, int calls) {
  for (size_t i = 0; i < static_cast<size_t>(calls); ++i) {
    read_ += bytes_;
    since_[(first + i) % since_.size()] = read_;
  }
}

}  // namespace tactic::cuda
