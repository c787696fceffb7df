#include "client/cache/cache_state.h"

#include <utility>

#include "client/cache/prime.h"

namespace tactic {

using cache_internal::CallKey;
using cache_internal::CompiledOp;
using cache_internal::EnvironmentOfOp;
using cache_internal::FamilyId;
using cache_internal::OpTable;
using cache_internal::RegisteredOp;
using cache_internal::Rows;
using cache_internal::Table;

namespace cache_internal {

void PutInto(OpTable& entries, const RegisteredOp& op, const Rows::Item& item) {
  if (!Fits(op.compiled.spec, item.first.inputs)) return;
  CallKey key;
  key.SetSizes(SizesOf(item.first));
  entries.Put(key, EntryFor(item.second, op.runners));
}

std::shared_ptr<const OpTable> EntriesOf(const RegisteredOp& op, const Rows& rows) {
  auto entries = std::make_shared<OpTable>();
  if (!op.family) return entries;
  for (const Rows::Item* item : rows.OfFamily(*op.family)) PutInto(*entries, op, *item);
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

Table::Op Cache::State::EntriesOf(const RegisteredOp& op) {
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
  const auto add = [&](const cache_internal::RowKey& key, const cache_internal::Entry& entry) {
    if (!check.ok()) return;
    auto one = cache_internal::PrimedBy(handle, key, entry);
    if (!one.ok()) {
      check = one.error();
    } else if (*one) {
      primed.push_back(**std::move(one));
    }
  };
  const Table::Op& entries = published->Of(op.compiled.index);
  if (op.family) {
    for (const Rows::Item* item : rows->OfFamily(*op.family)) {
      if (!cache_internal::Fits(handle.spec(), item->first.inputs)) continue;
      add(item->first, cache_internal::EntryFor(item->second, op.runners));
    }
  }
  if (entries.mapped == nullptr) return check;
  entries.mapped->ForEach([&](const cache_internal::RowKey& key, const auto& entry) {
    CallKey call;
    call.SetSizes(SizesOf(key));
    cache_internal::Entry given;
    if (!entries.given->Find(call, given)) add(key, entry);
  });
  return check;
}

void Cache::State::SetOverride(RegisteredOp& op) {
  std::shared_ptr<const cache_internal::Override> next = overrides.Of(op.compiled.spec);
  op.compiled.overriding.store(next.get(), std::memory_order_seq_cst);
  op.overriding.swap(next);
  if (next) readers.Retire(std::move(next));
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
  op.family = FamilyOf(compiled.spec);
  SetOverride(op);
}

}  // namespace tactic
