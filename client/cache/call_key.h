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

// Words: the ranks (four bits each, 16 inputs a word), then the sizes, mapped, with all bits set
// for a constrained one: two a word, each input from a new word; in a wide key, where a size needs
// more than 32 bits, one a word. Not initialised: only the first size() words hold anything.
class CallKey {
 public:
  enum class Made : uint8_t {
    kYes,
    kMalformed,     // The number of inputs, a rank or a size is not what the op takes.
    kMapperFailed,  // A mapper's function threw, or gave a size below 0.
  };

  static constexpr size_t kRanksPerWord = 16;
  static constexpr size_t kMostWords =
      limits::kInputs / kRanksPerWord + limits::kInputs * limits::kRank;

  // The key of a call.
  Made SetCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept;

  // The key of sizes that are mapped already, -1 where constrained. REQUIRES: counts and ranks
  // within the limits.
  void SetSizes(const Shapes& sizes) noexcept;

  size_t size() const noexcept { return count_; }
  uint64_t operator[](size_t i) const noexcept { return words_[i]; }
  bool wide() const noexcept { return wide_; }
  // Of the words; the same in every process.
  uint64_t hash() const noexcept { return hash_; }
  static uint64_t HashOf(std::span<const uint64_t> words) noexcept;

 private:
  using Multipliers = std::array<uint64_t, kMostWords>;

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
  static uint64_t Mixed(uint64_t sum) noexcept {
    sum = (sum ^ (sum >> 32)) * 0x9fb21c651e98df25;
    return sum ^ (sum >> 28);
  }
  static constexpr uint64_t kDerived = 0xffffffff;  // In a narrow key.
  static uint64_t Pair(int64_t low, int64_t high) noexcept {
    return static_cast<uint64_t>(low) | static_cast<uint64_t>(high) << 32;
  }

  // Sizes of a narrow key on their way in.
  struct Packing {
    std::array<uint8_t, kRanksPerWord> start;  // The first word of each input.
    uint64_t ranks = 0;
    uint64_t all = 0;  // Every size, or'ed.
    uint64_t sum = 0;
    size_t count = 1;
  };
  bool Pack(std::span<const Shape> shapes, Packing& packing) noexcept;
  void Put(uint64_t word, Packing& packing) noexcept {
    packing.sum += word * kMultipliers[packing.count];
    words_[packing.count++] = word;
  }
  void Replace(uint32_t input, uint32_t dim, uint64_t size, Packing& packing) noexcept {
    const size_t position = packing.start[input] + dim / 2;
    const unsigned shift = 32 * (dim % 2);
    const uint64_t word = words_[position];
    words_[position] = (word & (0xffffffff00000000 >> shift)) | size << shift;
    packing.sum += (words_[position] - word) * kMultipliers[position];
  }

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
  size_t count_;
  bool wide_;
  std::array<uint64_t, kMostWords> words_;
};

inline constexpr CallKey::Multipliers CallKey::kMultipliers = CallKey::MakeMultipliers();

inline bool CallKey::Pack(std::span<const Shape> shapes, Packing& packing) noexcept {
  for (size_t i = 0; i < shapes.size(); ++i) {
    const int64_t* dims = shapes[i].dims;
    const size_t rank = shapes[i].rank;
    if (rank > limits::kRank) return false;
    packing.ranks |= uint64_t{rank} << (4 * i);
    packing.start[i] = static_cast<uint8_t>(packing.count);
    for (size_t d = 1; d < rank; d += 2) {
      packing.all |= static_cast<uint64_t>(dims[d - 1] | dims[d]);
      Put(Pair(dims[d - 1], dims[d]), packing);
    }
    if (rank % 2 != 0) {
      packing.all |= static_cast<uint64_t>(dims[rank - 1]);
      Put(static_cast<uint64_t>(dims[rank - 1]), packing);
    }
  }
  return true;
}

inline CallKey::Made CallKey::SetCall(const KeyRules& rules,
                                      std::span<const Shape> shapes) noexcept {
  if (shapes.size() != rules.inputs) return Made::kMalformed;
  if (shapes.size() > kRanksPerWord || rules.general) [[unlikely]]
    return SetAnyCall(rules, shapes);
  Packing packing;
  if (!Pack(shapes, packing)) return Made::kMalformed;
  if (packing.all >> 32 != 0) [[unlikely]]
    return SetAnyCall(rules, shapes);
  for (const KeyRules::Dynamic& dynamic : rules.dynamic) {
    const Shape& shape = shapes[dynamic.input];
    if (IsAbsent(shape)) continue;
    if (dynamic.dim >= shape.rank) [[unlikely]]
      return SetAnyCall(rules, shapes);
    const int64_t mapped =
        std::min(MapSize(dynamic.mapper, shape.dims[dynamic.dim]), rules.tune_max);
    if (mapped >> 32 != 0) [[unlikely]]
      return SetAnyCall(rules, shapes);
    Replace(dynamic.input, dynamic.dim, static_cast<uint64_t>(mapped), packing);
  }
  for (const KeyRules::Derived& derived : rules.derived) {
    const Shape& shape = shapes[derived.input];
    if (IsAbsent(shape)) continue;
    if (derived.dim >= shape.rank) [[unlikely]]
      return SetAnyCall(rules, shapes);
    Replace(derived.input, derived.dim, kDerived, packing);
  }
  words_[0] = packing.ranks;
  hash_ = Mixed(packing.sum + packing.ranks * kMultipliers[0]);
  count_ = packing.count;
  wide_ = false;
  return Made::kYes;
}

}  // namespace tactic::cache_internal
