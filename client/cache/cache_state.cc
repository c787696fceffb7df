#include "client/cache/cache_state.h"

#include <utility>

#include "client/cache/prime.h"
#include "proto/table/row.h"

namespace tactic {

using cache_internal::BannedPick;
using cache_internal::CompiledOp;
using cache_internal::EnvironmentOfOp;
using cache_internal::FamilyId;
using cache_internal::OpTable;
using cache_internal::RegisteredOp;
using cache_internal::Rows;
using cache_internal::Table;

namespace cache_internal {

bool PutInto(OpTable& entries, const RegisteredOp& op, const Row& row) {
  if (!Fits(op.compiled.spec, row.inputs)) return true;
  const std::optional<Entry> entry = EntryFor(row, op.runners, op.banned);
  if (entry) entries.Put(row.key, *entry, row.alike);
  return entry.has_value();
}

std::shared_ptr<const OpTable> EntriesOf(const RegisteredOp& op, const Rows& rows) {
  auto entries = std::make_shared<OpTable>();
  if (!op.family) return entries;
  rows.ForEach(*op.family, [&](const Row& row) { PutInto(*entries, op, row); });
  return entries;
}

}  // namespace cache_internal

Cache::State::State() { Publish(std::make_shared<Table>()); }

void Cache::State::Publish(std::shared_ptr<const Table> next) {
  table.store(next.get(), std::memory_order_seq_cst);
  published.swap(next);
  if (next) readers.Retire(std::move(next));
}

void Cache::State::Rebuild() {
  auto next = std::make_shared<Table>();
  for (const auto& op : ops) {
    op->family = FamilyOf(op->compiled.spec);
    next->Append(EntriesOf(*op));
  }
  Publish(std::move(next));
  misses.Forget();
}

void Cache::State::ReplaceRows(std::unique_ptr<Rows> all) {
  rows = std::move(all);
  has_snapshot = true;
  Rebuild();
}

std::vector<Ban> Cache::State::AllBans() const {
  std::vector<Ban> all = bans;
  all.insert(all.end(), bans_here.begin(), bans_here.end());
  return all;
}

std::vector<BannedPick> Cache::State::BannedOf(std::string_view op) {
  std::vector<BannedPick> banned;
  const OpBans of_op(AllBans(), op);
  for (const Ban& ban : of_op.all()) {
    banned.push_back({names.OfCandidate({ban.runner, ban.tactic.value_or(Tactic())}), !ban.tactic});
  }
  return banned;
}

void Cache::State::ApplyBans() {
  for (const auto& op : ops) op->banned = BannedOf(op->compiled.spec.op);
  Rebuild();
}

cache_internal::OpEntries Cache::State::EntriesOf(const RegisteredOp& op) {
  return {cache_internal::EntriesOf(op, *rows), MappedEntriesOf(op)};
}

const EnvironmentOfOp* Cache::State::EnvironmentOf(std::string_view op) const {
  for (const auto* known : {&facts.environments, &file_facts.environments}) {
    const auto found = known->find(op);
    if (found != known->end()) return &found->second;
  }
  return nullptr;
}

Parameters Cache::State::AttributesOf(const OpSpec& spec) const {
  Parameters attributes;
  for (const auto* known : {&facts.attribute_defaults, &file_facts.attribute_defaults}) {
    const auto found = known->find(spec.op);
    if (found == known->end()) continue;
    attributes = found->second;
    break;
  }
  for (const Parameter& given : spec.attributes.items()) attributes.Set(given.name, given.value);
  return attributes;
}

std::optional<FamilyId> Cache::State::FamilyOf(const OpSpec& spec) {
  const EnvironmentOfOp* environment = EnvironmentOf(spec.op);
  if (environment == nullptr) return std::nullopt;
  return names.OfFamily(spec.op, AttributesOf(spec), Resolve(spec.policy, environment->device),
                        environment->number);
}

EnvironmentOfOp Cache::State::Number(const Environment& environment) {
  return {names.OfEnvironment(environment), environment.device.kind, FingerprintOf(environment)};
}

void Cache::State::SetRecording(bool on) {
  recording = on;
  for (const auto& op : ops) op->compiled.recorded.store(on, std::memory_order_relaxed);
}

Check Cache::State::Prime(const RegisteredOp& op, std::vector<Primed>& primed,
                          const OpHandle& handle) const {
  Check check = Ok();
  const auto add = [&](std::span<const table::InputRecord> inputs, const table::Key& key,
                       const cache_internal::Entry& entry) {
    if (!check.ok()) return;
    auto one = cache_internal::PrimedBy(handle, table::SizesOf(inputs, key), entry);
    if (!one.ok()) {
      check = one.error();
    } else if (*one) {
      primed.push_back(**std::move(one));
    }
  };
  if (op.family) {
    rows->ForEach(*op.family, [&](const cache_internal::Row& row) {
      if (!cache_internal::Fits(handle.spec(), row.inputs)) return;
      const auto entry = cache_internal::EntryFor(row, op.runners, op.banned);
      if (entry) add(row.inputs, row.key, *entry);
    });
  }
  const cache_internal::OpEntries& entries = published->Of(op.compiled.index);
  if (entries.mapped() == nullptr) return check;
  entries.mapped()->ForEach([&](std::span<const table::InputRecord> inputs, const table::Key& key,
                                const cache_internal::Entry& entry) {
    cache_internal::Entry given;
    if (!entries.FindGiven(key, given)) add(inputs, key, entry);
  });
  return check;
}

void Cache::State::SetOverride(RegisteredOp& op) {
  std::shared_ptr<const cache_internal::Override> next = overrides.Of(op.compiled.spec);
  op.compiled.overriding.store(next.get(), std::memory_order_seq_cst);
  op.overriding.swap(next);
  if (next) readers.Retire(std::move(next));
}

void Cache::State::ApplyOverrides() {
  for (const auto& op : ops) SetOverride(*op);
}

void Cache::State::Compile(OpSpec prepared, RegisteredOp& op) {
  CompiledOp& compiled = op.compiled;
  compiled.spec = std::move(prepared);
  compiled.index = static_cast<uint32_t>(ops.size());
  compiled.rules = cache_internal::KeyRules(compiled.spec);
  compiled.table = &table;
  compiled.readers = &readers;
  compiled.misses = &misses;
  compiled.counts = &counts;
  compiled.recorder = &recorder;
  compiled.recorded = recording;
  for (const RunnerId& runner : compiled.spec.runners) op.runners.push_back(names.OfRunner(runner));
  op.banned = BannedOf(compiled.spec.op);
  op.family = FamilyOf(compiled.spec);
  SetOverride(op);
}

}  // namespace tactic
