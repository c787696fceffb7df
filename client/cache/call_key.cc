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

namespace {

// False: a rank or a size is out of bounds.
bool Copy(std::span<const Shape> shapes, table::InputSizes& to) noexcept {
  to.inputs = shapes.size();
  for (size_t i = 0; i < to.inputs; ++i) {
    const auto& [dims, rank] = shapes[i];
    if (rank > limits::kRank) return false;
    if (std::any_of(dims, dims + rank, [](int64_t size) { return size < 0; })) return false;
    to.ranks[i] = static_cast<uint8_t>(rank);
    std::copy_n(dims, rank, to.sizes[i].begin());
  }
  return true;
}

}  // namespace

CallKey::Made CallKey::SetAnyCall(const KeyRules& rules, std::span<const Shape> shapes) noexcept {
  table::InputSizes plain;
  if (!Copy(shapes, plain)) return Made::kMalformed;
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
  Set(plain);
  return Made::kYes;
}

}  // namespace tactic::cache_internal
