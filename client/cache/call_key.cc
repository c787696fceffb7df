#include "client/cache/call_key.h"

#include <optional>
#include <set>
#include <utility>

namespace tactic::cache_internal {

KeyRules::KeyRules(const OpSpec& spec)
    : inputs(static_cast<uint32_t>(spec.inputs.size())),
      tune_max(spec.tune_max.value_or(kUnbounded)),
      ignore_missing_dims(spec.dialect == Dialect::kAncestor) {
  std::set<std::pair<int, int>> named;
  for (const auto& [input, dim, buckets, mapper] : spec.dynamic) {
    general |= !named.emplace(input, dim).second || mapper.rule == Mapper::Rule::kFunction;
    dynamic.push_back({static_cast<uint32_t>(input), static_cast<uint32_t>(dim), mapper});
  }
  for (const Constraint& constraint : spec.constraints) {
    general |= !named.emplace(constraint.input, constraint.dim).second;
    derived.push_back(
        {static_cast<uint32_t>(constraint.input), static_cast<uint32_t>(constraint.dim)});
  }
}

CallKey::Made CallKey::SetAnyCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept {
  Plain plain;
  if (!plain.Copy(shapes)) return Made::kMalformed;
  for (const KeyRules::Dynamic& dynamic : rules.dynamic) {
    if (IsAbsent(shapes[dynamic.input])) continue;
    if (dynamic.dim >= plain.ranks[dynamic.input]) {
      if (rules.ignore_missing_dims) continue;
      return Made::kMalformed;
    }
    int64_t& size = plain.sizes[dynamic.input][dynamic.dim];
    const std::optional<int64_t> mapped = TryMapSize(dynamic.mapper, size);
    if (!mapped) return Made::kMapperFailed;
    size = std::min(*mapped, rules.tune_max);
  }
  for (const KeyRules::Derived& derived : rules.derived) {
    if (IsAbsent(shapes[derived.input])) continue;
    if (derived.dim < plain.ranks[derived.input]) {
      plain.sizes[derived.input][derived.dim] = -1;
    } else if (!rules.ignore_missing_dims) {
      return Made::kMalformed;
    }
  }
  SetPlain(plain);
  return Made::kYes;
}

bool CallKey::Plain::Copy(std::span<const Shape> shapes) noexcept {
  inputs = shapes.size();
  for (size_t i = 0; i < inputs; ++i) {
    const auto& [dims, rank] = shapes[i];
    if (rank > limits::kRank) return false;
    if (std::any_of(dims, dims + rank, [](int64_t size) { return size < 0; })) return false;
    ranks[i] = static_cast<uint8_t>(rank);
    std::copy_n(dims, rank, sizes[i].begin());
  }
  return true;
}

void CallKey::SetSizes(const Shapes& sizes) noexcept {
  Plain plain;
  plain.inputs = sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i) {
    plain.ranks[i] = static_cast<uint8_t>(sizes[i].size());
    std::copy(sizes[i].begin(), sizes[i].end(), plain.sizes[i].begin());
  }
  SetPlain(plain);
}

void CallKey::SetPlain(const Plain& plain) noexcept {
  uint64_t all = 0;
  uint64_t more_ranks = 0;
  ranks_ = 0;
  for (size_t i = 0; i < plain.inputs; ++i) {
    uint64_t& ranks = i < kRanksPerWord ? ranks_ : more_ranks;
    ranks |= uint64_t{plain.ranks[i]} << (4 * (i % kRanksPerWord));
    for (size_t d = 0; d < plain.ranks[i]; ++d) {
      all |= static_cast<uint64_t>(std::max<int64_t>(plain.sizes[i][d], 0));
    }
  }
  wide_ = all > kNarrow || plain.inputs > kRanksPerWord;
  const uint64_t mask = wide_ ? ~uint64_t{0} : kNarrow;
  uint64_t sum = 0;
  count_ = 0;
  const auto put = [&](uint64_t word) {
    sum += Term(count_, word);
    words_[count_++] = word;
  };
  if (plain.inputs > kRanksPerWord) put(more_ranks);
  for (size_t i = 0; i < plain.inputs; ++i) {
    for (size_t d = 0; d < plain.ranks[i]; ++d) {
      put(static_cast<uint64_t>(plain.sizes[i][d]) & mask);
    }
  }
  hash_ = HashOf(ranks_, sum);
}

}  // namespace tactic::cache_internal
