#include "client/cache/call_key.h"

namespace tactic::cache_internal {

bool CallKey::SetAnyCall(const CompiledOp& op, std::span<const Shape> shapes) noexcept {
  Plain plain;
  plain.inputs = shapes.size();
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].rank > limits::kRank) return false;
    plain.ranks[i] = static_cast<uint8_t>(shapes[i].rank);
    std::copy_n(shapes[i].dims, shapes[i].rank, plain.sizes[i].begin());
  }
  for (const CompiledOp::Dynamic& dynamic : op.dynamic) {
    if (IsAbsent(shapes[dynamic.input])) continue;
    if (dynamic.dim >= plain.ranks[dynamic.input]) return false;
    int64_t& size = plain.sizes[dynamic.input][dynamic.dim];
    if (size < 0) return false;
    size = std::min(MapSize(dynamic.mapper, size), op.tune_max);
  }
  for (const CompiledOp::Derived& derived : op.derived) {
    if (IsAbsent(shapes[derived.input])) continue;
    if (derived.dim >= plain.ranks[derived.input]) return false;
    plain.sizes[derived.input][derived.dim] = 0;
  }
  SetPlain(plain);
  return true;
}

void CallKey::SetSizes(const Shapes& sizes) noexcept {
  Plain plain;
  plain.inputs = sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i) {
    plain.ranks[i] = static_cast<uint8_t>(sizes[i].size());
    for (size_t d = 0; d < sizes[i].size(); ++d) {
      plain.sizes[i][d] = std::max<int64_t>(sizes[i][d], 0);
    }
  }
  SetPlain(plain);
}

void CallKey::SetPlain(const Plain& plain) noexcept {
  uint64_t all = 0;
  count_ = plain.inputs <= kRanksPerWord ? 1 : 2;
  words_[0] = words_[1] = 0;
  for (size_t i = 0; i < plain.inputs; ++i) {
    words_[i / kRanksPerWord] |= uint64_t{plain.ranks[i]} << (4 * (i % kRanksPerWord));
    for (size_t d = 0; d < plain.ranks[i]; ++d) all |= static_cast<uint64_t>(plain.sizes[i][d]);
  }
  wide_ = all >> 32 != 0;
  for (size_t i = 0; i < plain.inputs; ++i) {
    const auto& sizes = plain.sizes[i];
    const size_t rank = plain.ranks[i];
    for (size_t d = 0; d < rank; d += wide_ ? 1 : 2) {
      words_[count_++] = Pair(sizes[d], !wide_ && d + 1 < rank ? sizes[d + 1] : 0);
    }
  }
  hash_ = HashOf({words_.data(), count_});
}

uint64_t CallKey::HashOf(std::span<const uint64_t> words) noexcept {
  uint64_t sum = 0;
  for (size_t i = 0; i < words.size(); ++i) sum += words[i] * kMultipliers[i];
  return Mixed(sum);
}

}  // namespace tactic::cache_internal
