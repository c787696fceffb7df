// The integers that a row of a table is found by, among those of its op: the ranks of the inputs
// and their sizes. Equal in every process and on every machine; docs/table_file.md depends on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tactic/model/problem.h"
#include "tactic/model/size_hash.h"

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
  static uint64_t Term(size_t i, uint64_t word) noexcept { return size_hash::Term(i, word); }
  // The hash of a key with these ranks, from the sum of the terms of its words.
  static uint64_t HashOf(uint64_t ranks, uint64_t sum) noexcept {
    sum += Term(kMostWords, ranks);
    sum = (sum ^ (sum >> 32)) * 0x9fb21c651e98df25;
    return sum ^ (sum >> 28);
  }

 protected:
  uint64_t hash_;
  uint64_t ranks_;
  size_t count_;
  bool wide_;
  std::array<uint64_t, kMostWords> words_;
};

}  // namespace tactic::table
