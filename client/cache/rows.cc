#include "client/cache/rows.h"

#include <algorithm>
#include <utility>

#include "proto/table/row.h"
#include "tactic/model/codec.h"

namespace tactic::cache_internal {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9fb21c651e98df25;
  return hash ^ (hash >> 29);
}

std::optional<RowKey> RowKeyOf(const Decision& decision) {
  const std::optional<table::InputSizes> sizes = table::SizesOf(decision);
  if (!sizes) return std::nullopt;
  RowKey key;
  key.inputs = table::InputsOf(decision.key.problem);
  for (size_t i = 0; i < sizes->inputs; ++i) {
    const auto first = sizes->sizes[i].begin();
    key.sizes.insert(key.sizes.end(), first, first + sizes->ranks[i]);
  }
  return key;
}

}  // namespace

uint32_t Names::OfRunner(const RunnerId& runner) {
  return runners_.try_emplace(runner, static_cast<uint32_t>(runners_.size())).first->second;
}

uint32_t Names::OfEnvironment(const Environment& environment) {
  return environments_
      .try_emplace(FingerprintOf(environment), static_cast<uint32_t>(environments_.size()))
      .first->second;
}

FamilyId Names::OfFamily(const std::string& op, const Parameters& attributes,
                         const MeasurementPolicy& policy, uint32_t environment) {
  const Key key{{op, attributes, {}}, policy, {}};
  const auto [found, added] = family_ids_.try_emplace(Encode(key) + std::to_string(environment),
                                                      static_cast<FamilyId>(families_.size()));
  if (added) families_.push_back({op, environment});
  return found->second;
}

FamilyId Names::OfFamily(const Key& key) {
  if (!last_ || !table::SameFamily(*last_, key)) {
    last_family_ = OfFamily(key.problem.op, key.problem.attributes, key.policy,
                            OfEnvironment(key.environment));
    last_ = Key{{key.problem.op, key.problem.attributes, {}}, key.policy, key.environment};
  }
  return last_family_;
}

const Parameters* Names::Keep(const Tactic& tactic) {
  return tactic.empty() ? nullptr : &*tactics_.insert(tactic).first;
}

size_t RowKeyHash::operator()(const RowKey& key) const {
  uint64_t hash = key.family;
  for (const table::InputRecord& input : key.inputs) {
    hash = Mix(hash, uint64_t{input.dtype} << 16 | uint64_t{input.layout} << 8 | input.rank);
  }
  for (int64_t size : key.sizes) hash = Mix(hash, static_cast<uint64_t>(size));
  return hash;
}

const Rows::Item* Rows::Put(const Decision& decision) {
  std::optional<RowKey> key = RowKeyOf(decision);
  if (!key) {
    ++damaged_;
    return nullptr;
  }
  key->family = names_->OfFamily(decision.key);
  const auto [item, added] = rows_.try_emplace(std::move(*key));
  Row& row = item->second;
  if (!added && decision.revision < row.revision) return nullptr;
  row.id = decision.id;
  row.revision = decision.revision;
  row.ranking.clear();
  for (const Ranked& ranked : decision.ranking) {
    row.ranking.push_back(
        {names_->OfRunner(ranked.candidate.runner), names_->Keep(ranked.candidate.tactic)});
  }
  if (added) by_family_[item->first.family].push_back(&*item);
  return &*item;
}

std::span<const Rows::Item* const> Rows::OfFamily(FamilyId family) const {
  const auto found = by_family_.find(family);
  if (found == by_family_.end()) return {};
  return found->second;
}

Entry EntryFor(const Row& row, std::span<const uint32_t> runners) {
  for (const Row::Pick& pick : row.ranking) {
    const auto found = std::find(runners.begin(), runners.end(), pick.runner);
    if (found == runners.end()) continue;
    return {pick.tactic, row.id, static_cast<int16_t>(found - runners.begin())};
  }
  return {nullptr, row.id, Entry::kNoRunner};
}

bool Fits(const OpSpec& op, std::span<const table::InputRecord> inputs) {
  if (inputs.size() != op.inputs.size()) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const table::InputRecord& input = inputs[i];
    const auto dtype = static_cast<DType>(input.dtype);
    if (dtype == DType::kAbsent) continue;
    if (dtype != op.inputs[i].dtype || static_cast<Layout>(input.layout) != op.inputs[i].layout) {
      return false;
    }
    unsigned constrained = 0;
    for (const Constraint& c : op.constraints) {
      if (c.input == static_cast<int>(i) && c.dim < input.rank) constrained |= 1u << c.dim;
    }
    if (constrained != input.derived) return false;
  }
  return true;
}

Shapes SizesOf(const RowKey& key) {
  Shapes sizes;
  auto next = key.sizes.begin();
  for (const table::InputRecord& input : key.inputs) {
    sizes.emplace_back(next, next + input.rank);
    next += input.rank;
  }
  return sizes;
}

}  // namespace tactic::cache_internal
