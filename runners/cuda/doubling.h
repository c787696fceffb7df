// Copying one piece of memory many times over with few copies.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tactic::cuda {

// Makes pieces 1 .. `pieces` - 1 of what is in piece 0: `copy(to, count)` is to copy pieces 0 ..
// `count` - 1 to where piece `to` begins. Each call doubles what is there.
template <typename Copy>
void CopyByDoubling(size_t pieces, const Copy& copy) {
  for (size_t there = 1; there < pieces; there *= 2) copy(there, std::min(there, pieces - there));
}

}  // namespace tactic::cuda
