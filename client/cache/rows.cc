#include "client/cache/rows.h"

#include <algorithm>
#include <utility>

#include "proto/table/row.h"
#include "tactic/model/codec.h"

namespace tactic::cache_internal {
namespace {

bool IsBanned(const Row::Pick& pick, std::span<const BannedPick> banned) {
  return std::any_of(banned.begin(), banned.end(), [&](const BannedPick& ban) {
    return ban.pick.runner == pick.runner && (ban.every_tactic || ban.pick.tactic == pick.tactic);
  });
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

Row::Pick Names::OfCandidate(const Candidate& candidate) {
  const auto [found, added] = candidates_.try_emplace(candidate);
  if (added) found->second = {OfRunner(candidate.runner), Keep(candidate.tactic)};
  return found->second;
}

bool Rows::Put(const Decision& decision, Row& row) {
  const std::optional<table::InputSizes> sizes = table::SizesOf(decision);
  if (!sizes) {
    ++damaged_;
    return false;
  }
  row.family = names_->OfFamily(decision.key);
  row.key.Set(*sizes);
  row.id = decision.id;
  const Head head{decision.id, decision.revision, NumberOf(decision.ranking)};
  row.ranking = *rankings_[head.ranking];
  Family& family = families_[row.family];
  auto inputs = table::InputsOf(decision.key.problem);
  return row.key.wide() ? PutInto(family.wide, std::move(inputs), head, row)
                        : PutInto(family.narrow, std::move(inputs), head, row);
}

template <typename Word>
bool Rows::PutInto(std::vector<Form<Word>>& forms, std::vector<table::InputRecord> inputs,
                   const Head& head, Row& row) {
  auto form = std::find_if(forms.begin(), forms.end(),
                           [&](const Form<Word>& known) { return known.inputs == inputs; });
  if (form == forms.end()) {
    form = forms.insert(form, {std::move(inputs), {row.key.ranks(), row.key.size()}});
  }
  row.inputs = form->inputs;
  Head held;
  if (form->slots.Find(row.key, held) && head.revision < held.revision) return false;
  form->slots.Put(row.key, head);
  return true;
}

uint64_t Rows::NumberOf(const std::vector<Ranked>& ranking) {
  Ranking picks;
  for (const Ranked& ranked : ranking) picks.push_back(names_->OfCandidate(ranked.candidate));
  const auto [found, added] = ranking_numbers_.try_emplace(std::move(picks), rankings_.size());
  if (added) rankings_.push_back(&found->first);
  return found->second;
}

std::unordered_map<FamilyId, uint64_t> Rows::Sizes() const {
  std::unordered_map<FamilyId, uint64_t> sizes;
  for (const auto& [id, family] : families_) {
    uint64_t& size = sizes[id];
    for (const auto& form : family.narrow) size += form.slots.size();
    for (const auto& form : family.wide) size += form.slots.size();
  }
  return sizes;
}

std::optional<Entry> EntryFor(const Row& row, std::span<const uint32_t> runners,
                              std::span<const BannedPick> banned) {
  bool left = false;
  for (const Row::Pick& pick : row.ranking) {
    if (IsBanned(pick, banned)) continue;
    left = true;
    const auto found = std::find(runners.begin(), runners.end(), pick.runner);
    if (found == runners.end()) continue;
    return Entry{pick.tactic, row.id, static_cast<int16_t>(found - runners.begin())};
  }
  if (!left) return std::nullopt;
  return Entry{nullptr, row.id, Entry::kNoRunner};
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

}  // namespace tactic::cache_internal
