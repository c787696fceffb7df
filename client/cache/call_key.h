// The integers that a call is looked up by, among those of its op. Inline: this is the hot path.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "client/cache/compiled_op.h"
#include "client/cache/profile.h"
#include "proto/table/key.h"
#include "tactic/cache.h"
#include "tactic/shape_key.h"

namespace tactic::cache_internal {

// The key of one call: its sizes, mapped.
class CallKey : public table::Key {
 public:
  enum class Made : uint8_t {
    kYes,
    kMalformed,     // The number of inputs, a rank or a size is not what the op takes.
    kMapperFailed,  // A mapper's function threw, or gave a size below 0.
  };

  // `call`: a ShapeKey, or a span of Shape.
  template <typename Call>
  Made SetCall(const KeyRules& rules, const Call& call) noexcept;

 private:
  // What a call has before rules replace anything.
  struct Taken {
    bool narrow;  // Sizes of at most 32 bits, at most 16 inputs, ranks within the limit.
    uint64_t ranks;
    uint64_t sum;
    size_t count;
  };
  Taken Take(const ShapeKey& call) noexcept;
  Taken Take(std::span<const Shape> call) noexcept;

  enum class Found : uint8_t { kYes, kAbsent, kNo };
  // Where the dimension lies in the row, if the input is there and has it.
  Found Find(const KeyRules::Place& place, uint64_t ranks, size_t& position) const noexcept;

  // SetCall for any call: more than 16 inputs, sizes of more than 32 bits, general rules.
  Made SetAnyCall(const KeyRules& rules, const ShapeKey& call) noexcept;
  Made SetAnyCall(const KeyRules& rules, std::span<const Shape> call) noexcept;
};

// The sum of numbers of four bits each, of 16 times 8 at the most.
inline uint64_t SumOfNibbles(uint64_t word) noexcept {
  constexpr uint64_t kLow = 0x0f0f0f0f0f0f0f0f;
  return ((word & kLow) + (word >> 4 & kLow)) * 0x0101010101010101 >> 56;
}

[[gnu::always_inline]] inline CallKey::Found CallKey::Find(const KeyRules::Place& place,
                                                           uint64_t ranks,
                                                           size_t& position) const noexcept {
  const uint64_t rank = ranks >> place.rank_at & 0xf;
  const size_t first = SumOfNibbles(ranks & place.ranks_before);
  position = first + place.dim;
  if (rank == 1 && words_[first] == 0) return Found::kAbsent;
  return place.dim < rank ? Found::kYes : Found::kNo;
}

[[gnu::always_inline]] inline CallKey::Taken CallKey::Take(const ShapeKey& call) noexcept {
  const size_t count = call.size();
  if (call.narrow()) [[likely]] {
    for (size_t i = 0; i < count; ++i) words_[i] = static_cast<uint64_t>(call[i]);
  }
  return {call.narrow(), call.ranks(), call.sum(), count};
}

// Not by way of a ShapeKey: every size would be stored twice.
[[gnu::always_inline]] inline CallKey::Taken CallKey::Take(std::span<const Shape> call) noexcept {
  uint64_t ranks = 0;
  uint64_t sum = 0;
  uint64_t all = 0;  // Every size, or'ed.
  size_t count = 0;
  if (call.size() > size_hash::kRanksPerWord) [[unlikely]]
    return {};
  for (size_t i = 0; i < call.size(); ++i) {
    const auto& [dims, rank] = call[i];
    if (rank > limits::kRank) [[unlikely]]
      return {};
    ranks |= uint64_t{rank} << (4 * i);
    for (size_t d = 0; d < rank; ++d) {
      const auto size = static_cast<uint64_t>(dims[d]);
      all |= size;
      sum += Term(count, size);
      words_[count++] = size;
    }
  }
  return {all <= kNarrow, ranks, sum, count};
}

inline size_t InputsOf(const ShapeKey& call) noexcept { return call.inputs(); }
inline size_t InputsOf(std::span<const Shape> call) noexcept { return call.size(); }

// The row as it is, then what rules replace, with the sum kept up: this and the probe of the table
// are what a hit costs.
template <typename Call>
[[gnu::always_inline]] inline CallKey::Made CallKey::SetCall(const KeyRules& rules,
                                                             const Call& call) noexcept {
  if (InputsOf(call) != rules.inputs) [[unlikely]]
    return Made::kMalformed;
  if (rules.general) [[unlikely]]
    return SetAnyCall(rules, call);
  auto [narrow, ranks, sum, count] = Take(call);
  if (!narrow) [[unlikely]]
    return SetAnyCall(rules, call);
  uint64_t all = 0;  // Every mapped size, or'ed.
  size_t position = 0;
  for (const KeyRules::Dynamic& dynamic : rules.dynamic) {
    const Found found = Find(dynamic.place, ranks, position);
    if (found == Found::kAbsent) continue;
    if (found == Found::kNo) [[unlikely]]
      return SetAnyCall(rules, call);
    const auto size = static_cast<uint32_t>(words_[position]);
    const auto mapped =
        static_cast<uint64_t>(std::min(MapSize(dynamic.mapper, size), rules.tune_max));
    all |= mapped;
    sum += Term(position, mapped - size);
    words_[position] = mapped;
  }
  for (const KeyRules::Place& derived : rules.derived) {
    const Found found = Find(derived, ranks, position);
    if (found == Found::kAbsent) continue;
    if (found == Found::kNo) [[unlikely]]
      return SetAnyCall(rules, call);
    sum += Term(position, kNarrow - words_[position]);
    words_[position] = kNarrow;
  }
  if (all > kNarrow) [[unlikely]]
    return SetAnyCall(rules, call);
  ranks_ = ranks;
  hash_ = HashOf(ranks, sum);
  count_ = count;
  wide_ = false;
  return Made::kYes;
}

}  // namespace tactic::cache_internal
