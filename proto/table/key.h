// The integers that a row of a table is found by, among those of its op: the ranks of the inputs
// and their sizes. Equal in every process and on every machine; docs/table_file.md depends on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tactic/model/problem.h"

namespace tactic::table {

// Sizes of all inputs of a call or of a problem, in fixed room; -1 where a dimension follows from
// others.
struct InputSizes {
  size_t inputs = 0;
  std::array<uint8_t, limits::kInputs> ranks;
  std::array<std::array<int64_t, limits::kRank>, limits::kInputs> sizes;
};

// The ranks (four bits an input), then the sizes, a word each, with all bits set for one that
// follows from others. Narrow where each size fits 32 bits, as they all but always do. Not
// initialised: only the first size() words hold anything.
class Key {
 public:
  static constexpr size_t kRanksPerWord = 16;
  // The ranks of inputs beyond the first sixteen are a word before the sizes.
  static constexpr size_t kMostWords = 1 + limits::kInputs * limits::kRank;
  static constexpr uint64_t kNarrow = 0xffffffff;

  // REQUIRES: counts and ranks within the limits.
  void Set(const InputSizes& sizes) noexcept;
  void SetSizes(const Shapes& sizes) noexcept;
  // What a key of these ranks and words was: `word(i)` is the i-th of `count`.
  template <typename Word>
  void SetWords(uint64_t ranks, bool wide, size_t count, Word word) noexcept {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      words_[i] = word(i);
      sum += Term(i, words_[i]);
    }
    ranks_ = ranks;
    wide_ = wide;
    count_ = count;
    hash_ = HashOf(ranks, sum);
  }

  uint64_t ranks() const noexcept { return ranks_; }
  bool wide() const noexcept { return wide_; }
  size_t size() const noexcept { return count_; }
  uint64_t operator[](size_t i) const noexcept { return words_[i]; }
  // Of ranks and words.
  uint64_t hash() const noexcept { return hash_; }

  // What word `i` adds to the sum that is hashed.
  static uint64_t Term(size_t i, uint64_t word) noexcept { return word * kMultipliers[i]; }
  // The hash of a key with these ranks, from the sum of the terms of its words.
  static uint64_t HashOf(uint64_t ranks, uint64_t sum) noexcept {
    sum += ranks * kMultipliers[kMostWords];
    sum = (sum ^ (sum >> 32)) * 0x9fb21c651e98df25;
    return sum ^ (sum >> 28);
  }

 protected:
  uint64_t hash_;
  uint64_t ranks_;
  size_t count_;
  bool wide_;
  std::array<uint64_t, kMostWords> words_;

 private:
  using Multipliers = std::array<uint64_t, kMostWords + 1>;

  // One odd multiplier a position, from splitmix64: the sum of word * multiplier is a universal
  // hash in its high bits, its products do not wait for each other, and one can be exchanged.
  static constexpr Multipliers MakeMultipliers() {
    Multipliers multipliers{};
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
  static const Multipliers kMultipliers;
};

inline constexpr Key::Multipliers Key::kMultipliers = Key::MakeMultipliers();

}  // namespace tactic::table
