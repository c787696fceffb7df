// The integers that a call is looked up by, among those of its op. Inline: this is the hot path.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "client/cache/compiled_op.h"
#include "client/cache/profile.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

inline bool IsAbsent(const Shape& shape) noexcept { return shape.rank == 1 && shape.dims[0] == 0; }

// The key of one call: the ranks (four bits an input), then the sizes, mapped, a word each, with
// all bits set for a constrained one. Narrow where each size fits 32 bits, as they all but always
// do. Not initialised: only the first size() words hold anything.
class CallKey {
 public:
  enum class Made : uint8_t {
    kYes,
    kMalformed,     // The number of inputs, a rank or a size is not what the op takes.
    kMapperFailed,  // A mapper's function threw, or gave a size below 0.
  };

  static constexpr size_t kRanksPerWord = 16;
  // The ranks of inputs beyond the first sixteen are a word before the sizes.
  static constexpr size_t kMostWords = 1 + limits::kInputs * limits::kRank;
  static constexpr uint64_t kNarrow = 0xffffffff;

  // The key of a call.
  Made SetCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept;

  // The key of sizes that are mapped already, -1 where constrained. REQUIRES: counts and ranks
  // within the limits.
  void SetSizes(const Shapes& sizes) noexcept;

  uint64_t ranks() const noexcept { return ranks_; }
  bool wide() const noexcept { return wide_; }
  size_t size() const noexcept { return count_; }
  uint64_t operator[](size_t i) const noexcept { return words_[i]; }
  // Of ranks and words; the same in every process.
  uint64_t hash() const noexcept { return hash_; }

  // What word `i` adds to the sum that is hashed.
  static uint64_t Term(size_t i, uint64_t word) noexcept { return word * kMultipliers[i]; }
  // The hash of a key with these ranks, from the sum of the terms of its words.
  static uint64_t HashOf(uint64_t ranks, uint64_t sum) noexcept {
    sum += ranks * kMultipliers[kMostWords];
    sum = (sum ^ (sum >> 32)) * 0x9fb21c651e98df25;
    return sum ^ (sum >> 28);
  }

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

  // SetCall for any call: more than 16 inputs, sizes of more than 32 bits, general rules.
  Made SetAnyCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept;
  // Mapped sizes of all inputs, in any form; -1 where constrained.
  struct Plain {
    size_t inputs = 0;
    std::array<uint8_t, limits::kInputs> ranks;
    std::array<std::array<int64_t, limits::kRank>, limits::kInputs> sizes;
    // False: a rank or a size is out of bounds.
    bool Copy(std::span<const Shape> shapes) noexcept;
  };
  void SetPlain(const Plain& plain) noexcept;

  uint64_t hash_;
  uint64_t ranks_;
  size_t count_;
  bool wide_;
  std::array<uint64_t, kMostWords> words_;
};

inline constexpr CallKey::Multipliers CallKey::kMultipliers = CallKey::MakeMultipliers();

// Sums in locals and a word a size, so that nothing waits for memory: this and the probe of the
// table are what a hit costs.
[[gnu::always_inline]] inline CallKey::Made CallKey::SetCall(
    const KeyRules& rules, std::span<const Shape> shapes) noexcept {
  if (shapes.size() != rules.inputs) [[unlikely]]
    return Made::kMalformed;
  if (shapes.size() > kRanksPerWord || rules.general) [[unlikely]]
    return SetAnyCall(rules, shapes);
  uint64_t ranks = 0;
  uint64_t all = 0;  // Every size, or'ed.
  uint64_t sum = 0;
  size_t count = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto& [dims, rank] = shapes[i];
    if (rank > limits::kRank) [[unlikely]]
      return Made::kMalformed;
    ranks |= uint64_t{rank} << (4 * i);
    for (size_t d = 0; d < rank; ++d) {
      const auto size = static_cast<uint64_t>(dims[d]);
      all |= size;
      sum += Term(count, size);
      words_[count++] = size;
    }
  }
  const auto replace = [&](uint32_t input, uint32_t dim, uint64_t size) {
    size_t position = dim;
    for (uint32_t i = 0; i < input; ++i) position += shapes[i].rank;
    sum += Term(position, size - words_[position]);
    words_[position] = size;
  };
  for (const KeyRules::Dynamic& dynamic : rules.dynamic) {
    const Shape& shape = shapes[dynamic.input];
    if (IsAbsent(shape)) continue;
    if (dynamic.dim >= shape.rank) [[unlikely]]
      return SetAnyCall(rules, shapes);
    const auto mapped = static_cast<uint64_t>(
        std::min(MapSize(dynamic.mapper, shape.dims[dynamic.dim]), rules.tune_max));
    all |= mapped;
    replace(dynamic.input, dynamic.dim, mapped);
  }
  for (const KeyRules::Derived& derived : rules.derived) {
    const Shape& shape = shapes[derived.input];
    if (IsAbsent(shape)) continue;
    if (derived.dim >= shape.rank) [[unlikely]]
      return SetAnyCall(rules, shapes);
    replace(derived.input, derived.dim, kNarrow);
  }
  if (all > kNarrow) [[unlikely]]
    return SetAnyCall(rules, shapes);
  ranks_ = ranks;
  hash_ = HashOf(ranks, sum);
  count_ = count;
  wide_ = false;
  return Made::kYes;
}

}  // namespace tactic::cache_internal
