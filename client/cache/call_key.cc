#include "client/cache/call_key.h"

#include <optional>
#include <set>
#include <utility>

namespace tactic::cache_internal {

KeyRules::Place::Place(int input_number, int dim_number)
    : input(static_cast<uint32_t>(input_number)),
      dim(static_cast<uint32_t>(dim_number)),
      rank_at(4 * (input % size_hash::kRanksPerWord)),
      ranks_before((uint64_t{1} << rank_at) - 1) {}

KeyRules::KeyRules(const OpSpec& spec)
    : inputs(static_cast<uint32_t>(spec.inputs.size())),
      tune_max(spec.tune_max.value_or(kUnbounded)),
      ignore_missing_dims(spec.dialect == Dialect::kAncestor) {
  std::set<std::pair<int, int>> named;
  for (const auto& [input, dim, buckets, mapper] : spec.dynamic) {
    general |= !named.emplace(input, dim).second || mapper.rule == Mapper::Rule::kFunction;
    dynamic.push_back({{input, dim}, mapper});
  }
  for (const Constraint& constraint : spec.constraints) {
    general |= !named.emplace(constraint.input, constraint.dim).second;
    derived.emplace_back(constraint.input, constraint.dim);
  }
}

namespace {

// False: a size is out of bounds.
bool Copy(const ShapeKey& call, table::InputSizes& to) noexcept {
  to.inputs = call.inputs();
  const int64_t* sizes = call.data();
  if (std::any_of(sizes, sizes + call.size(), [](int64_t size) { return size < 0; })) return false;
  for (size_t i = 0; i < to.inputs; ++i) {
    to.ranks[i] = static_cast<uint8_t>(call.rank(i));
    std::copy_n(sizes, to.ranks[i], to.sizes[i].begin());
    sizes += to.ranks[i];
  }
  return true;
}

// Whether the input, as it was given, is absent.
bool IsAbsent(const ShapeKey& call, uint32_t input) noexcept {
  if (call.rank(input) != 1) return false;
  size_t first = 0;
  for (uint32_t i = 0; i < input; ++i) first += call.rank(i);
  return call[first] == 0;
}

}  // namespace

CallKey::Made CallKey::SetAnyCall(const KeyRules& rules, const ShapeKey& call) noexcept {
  if (call.inputs() != rules.inputs) return Made::kMalformed;
  table::InputSizes plain;
  if (!Copy(call, plain)) return Made::kMalformed;
  for (const auto& [place, mapper] : rules.dynamic) {
    if (IsAbsent(call, place.input)) continue;
    if (place.dim >= plain.ranks[place.input]) {
      if (rules.ignore_missing_dims) continue;
      return Made::kMalformed;
    }
    int64_t& size = plain.sizes[place.input][place.dim];
    const std::optional<int64_t> mapped = TryMapSize(mapper, size);
    if (!mapped) return Made::kMapperFailed;
    size = std::min(*mapped, rules.tune_max);
  }
  for (const KeyRules::Place& derived : rules.derived) {
    if (IsAbsent(call, derived.input)) continue;
    if (derived.dim < plain.ranks[derived.input]) {
      plain.sizes[derived.input][derived.dim] = -1;
    } else if (!rules.ignore_missing_dims) {
      return Made::kMalformed;
    }
  }
  Set(plain);
  return Made::kYes;
}

CallKey::Made CallKey::SetAnyCall(const KeyRules& rules, std::span<const Shape> call) noexcept {
  return SetAnyCall(rules, ShapeKey(call));
}

}  // namespace tactic::cache_internal
