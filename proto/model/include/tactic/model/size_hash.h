// How the sizes of a call are hashed: the sum, over their positions, of size times multiplier. So
// the order does not matter in which they are taken, one can be exchanged, and where the positions
// are known when a program is compiled it is a handful of instructions. Equal in every process and
// on every machine: docs/table_file.md depends on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tactic/model/problem.h"

namespace tactic::size_hash {

// Ranks are numbers of four bits.
inline constexpr size_t kRanksPerWord = 16;

// A word before the sizes, for ranks, and one behind them.
inline constexpr size_t kMultiplierCount = 2 + limits::kInputs * limits::kRank;

// One odd multiplier a position, from splitmix64: the sum of word * multiplier is a universal hash
// in its high bits, and its products do not wait for each other.
constexpr std::array<uint64_t, kMultiplierCount> MakeMultipliers() {
  std::array<uint64_t, kMultiplierCount> multipliers{};
  uint64_t state = 0x7461637469634b31;
  for (uint64_t& multiplier : multipliers) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    multiplier = (z ^ (z >> 31)) | 1;
  }
  return multipliers;
}
inline constexpr std::array<uint64_t, kMultiplierCount> kMultipliers = MakeMultipliers();

// What word `i` adds to the sum.
constexpr uint64_t Term(size_t i, uint64_t word) noexcept { return word * kMultipliers[i]; }

}  // namespace tactic::size_hash
