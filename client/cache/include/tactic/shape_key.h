// The sizes of a call as ChooseOne looks them up: in one row, with their hash as far as it does not
// depend on an op.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "tactic/model/problem.h"
#include "tactic/model/size_hash.h"
#include "tactic/op_spec.h"

namespace tactic {

// Where the number of inputs and their ranks are known when the program is compiled, making one
// takes a few instructions, which makes this the fastest call:
//
//   gemm->ChooseOne(ShapeKey({m, k}, {k, n}));
//
// It belongs to no op and outlives any table: one that was made once can be looked up again and
// again, of several ops, and be part of a batch (ChooseEach). Takes 2 KiB, of which only as much as
// there are sizes is ever touched.
class ShapeKey {
 public:
  // The sizes of each input; an absent input is {0}.
  template <size_t... kRanks>
  [[gnu::always_inline]] explicit ShapeKey(const int64_t (&... sizes)[kRanks]) noexcept {
    static_assert(sizeof...(kRanks) <= limits::kInputs, "too many inputs");
    static_assert(((kRanks <= limits::kRank) && ...), "too many dimensions");
    Row row;
    (PutAll(row, sizes, std::make_index_sequence<kRanks>()), ...);
    Finish(row);
  }
  // The same with what is known at run time only. Shapes beyond limits::kInputs and kRank are
  // answered as malformed.
  explicit ShapeKey(std::span<const Shape> shapes) noexcept {
    Row row;
    for (const Shape& shape : shapes) {
      if (row.inputs == limits::kInputs || shape.rank > limits::kRank) [[unlikely]] {
        row = {.inputs = kMalformed};
        break;
      }
      PutRank(row, shape.rank);
      for (size_t d = 0; d < shape.rank; ++d) PutSize(row, shape.dims[d]);
    }
    Finish(row);
  }
  ShapeKey(const ShapeKey& other) noexcept { *this = other; }
  ShapeKey& operator=(const ShapeKey& other) noexcept {
    inputs_ = other.inputs_;
    count_ = other.count_;
    ranks_ = other.ranks_;
    more_ranks_ = other.more_ranks_;
    sum_ = other.sum_;
    narrow_ = other.narrow_;
    std::copy_n(other.sizes_, count_, sizes_);
    return *this;
  }

  size_t inputs() const noexcept { return inputs_; }  // More than limits::kInputs: malformed.
  size_t rank(size_t input) const noexcept {
    const uint64_t ranks = input < kRanksPerWord ? ranks_ : more_ranks_;
    return ranks >> (4 * (input % kRanksPerWord)) & 0xf;
  }
  size_t size() const noexcept { return count_; }  // Of all inputs together.
  int64_t operator[](size_t i) const noexcept { return static_cast<int64_t>(sizes_[i]); }
  const int64_t* data() const noexcept { return reinterpret_cast<const int64_t*>(sizes_); }

  // For the cache.
  // All sizes fit 32 bits, and all ranks a word.
  bool narrow() const noexcept { return narrow_; }
  uint64_t ranks() const noexcept { return ranks_; }  // Four bits each, of the first 16.
  uint64_t sum() const noexcept { return sum_; }      // Of the terms, if narrow.

 private:
  static constexpr size_t kRanksPerWord = size_hash::kRanksPerWord;
  static constexpr size_t kMalformed = limits::kInputs + 1;

  struct Row {
    size_t inputs = 0;
    size_t sizes = 0;
    uint64_t ranks = 0;
    uint64_t more_ranks = 0;
    uint64_t sum = 0;
    uint64_t all = 0;  // Every size, or'ed.
  };

  [[gnu::always_inline]] static void PutRank(Row& row, uint64_t rank) noexcept {
    uint64_t& ranks = row.inputs < kRanksPerWord ? row.ranks : row.more_ranks;
    ranks |= rank << (4 * (row.inputs % kRanksPerWord));
    ++row.inputs;
  }
  [[gnu::always_inline]] void PutSize(Row& row, int64_t given) noexcept {
    const auto size = static_cast<uint64_t>(given);
    row.all |= size;
    row.sum += size_hash::Term(row.sizes, size);
    sizes_[row.sizes++] = size;
  }
  template <size_t kRank, size_t... kDims>
  [[gnu::always_inline]] void PutAll(Row& row, const int64_t (&sizes)[kRank],
                                     std::index_sequence<kDims...>) noexcept {
    PutRank(row, kRank);
    (PutSize(row, sizes[kDims]), ...);
  }
  // One by one: copied as a whole, they would wait for each other in memory.
  [[gnu::always_inline]] void Finish(const Row& row) noexcept {
    inputs_ = row.inputs;
    count_ = row.sizes;
    ranks_ = row.ranks;
    more_ranks_ = row.more_ranks;
    sum_ = row.sum;
    narrow_ = row.all <= 0xffffffff && row.inputs <= kRanksPerWord;
  }

  size_t inputs_;
  size_t count_;
  uint64_t ranks_;       // Of the first 16 inputs, four bits each.
  uint64_t more_ranks_;  // Of the others.
  uint64_t sum_;
  bool narrow_;
  uint64_t sizes_[limits::kInputs * limits::kRank];  // Not initialised beyond count_.
};

}  // namespace tactic
