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

namespace tactic::cache_internal {

inline bool IsAbsent(const Shape& shape) noexcept { return shape.rank == 1 && shape.dims[0] == 0; }

// The key of one call: its sizes, mapped.
class CallKey : public table::Key {
 public:
  enum class Made : uint8_t {
    kYes,
    kMalformed,     // The number of inputs, a rank or a size is not what the op takes.
    kMapperFailed,  // A mapper's function threw, or gave a size below 0.
  };

  Made SetCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept;

 private:
  // SetCall for any call: more than 16 inputs, sizes of more than 32 bits, general rules.
  Made SetAnyCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept;
};

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
