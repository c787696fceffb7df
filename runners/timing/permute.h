// A random order that is the same with every standard library, which std::shuffle's is not.
#pragma once

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

namespace tactic::timing {

inline void Permute(std::vector<int>& order, std::mt19937_64& random) {
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
}

}  // namespace tactic::timing
