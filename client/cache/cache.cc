#include "tactic/cache.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "client/cache/compiled_op.h"
#include "client/cache/fork_locks.h"
#include "client/cache/misses.h"
#include "client/cache/overrides.h"
#include "client/cache/prime.h"
#include "client/cache/profile.h"
#include "client/cache/readers.h"
#include "client/cache/recorder.h"
#include "client/cache/rows.h"
#include "client/cache/shape_counts.h"
#include "client/cache/table.h"
#include "client/cache/tuning_book.h"

namespace tactic {

using cache_internal::CallKey;
using cache_internal::CompiledOp;
using cache_internal::FamilyId;
using cache_internal::Names;
using cache_internal::OpTable;
using cache_internal::Rows;
using cache_internal::Table;

namespace {

constexpr size_t kMostOps = 1 << 16;

struct RegisteredOp {
  CompiledOp compiled;
  std::vector<uint32_t> runners;   // Their numbers, in the caller's order.
  std::optional<FamilyId> family;  // Whose rows answer; nullopt: the environment is not known.
  std::shared_ptr<const cache_internal::Override> overriding;  // What the compiled one points to.
};

struct EnvironmentOfOp {
  uint32_t number = 0;
  DeviceKind device = DeviceKind::kHost;
};

// Functions cannot be compared: they are never equal.
bool EqualBuckets(const Buckets& a, const Buckets& b) {
  return a.rule != Buckets::Rule::kFunction && a.rule == b.rule && a.list == b.list &&
         a.step == b.step;
}

bool EqualMappers(const Mapper& a, const Mapper& b) {
  return a.rule != Mapper::Rule::kFunction && a.rule == b.rule && a.list == b.list &&
         a.step == b.step;
}

// REQUIRES: both prepared.
bool EqualSpecs(const OpSpec& a, const OpSpec& b) {
  return a.constraints.empty() && b.constraints.empty() && a.op == b.op &&
         a.attributes == b.attributes && a.inputs == b.inputs && a.runners == b.runners &&
         a.tune_max == b.tune_max && a.policy == b.policy && a.dialect == b.dialect &&
         std::equal(a.dynamic.begin(), a.dynamic.end(), b.dynamic.begin(), b.dynamic.end(),
                    [](const DynamicDim& x, const DynamicDim& y) {
                      return x.input == y.input && x.dim == y.dim &&
                             EqualBuckets(x.buckets, y.buckets) && EqualMappers(x.mapper, y.mapper);
                    });
}

void PutInto(OpTable& entries, const RegisteredOp& op, const Rows::Item& item) {
  if (!Fits(op.compiled.spec, item.first)) return;
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

}  // namespace

struct Cache::State {
  // What ChooseOne uses.
  cache_internal::Readers readers;
  cache_internal::MissLog misses;
  cache_internal::ShapeCounts counts;
  cache_internal::Recorder recorder;
  std::atomic<const Table*> table{nullptr};

  cache_internal::TuningBook book;  // Synchronises itself; ChooseOne does not use it.

  // All below is guarded by mu; ChooseOne does not use it.
  std::mutex mu;
  bool recording = false;                  // A Capture or Replay is active.
  std::shared_ptr<const Table> published;  // What `table` points to.
  std::vector<std::unique_ptr<RegisteredOp>> ops;
  std::map<std::string, std::vector<RegisteredOp*>, std::less<>> ops_by_name;
  std::map<std::string, EnvironmentOfOp> environments;
  std::map<std::string, Parameters> attribute_defaults;
  Names names;
  std::unique_ptr<Rows> rows = std::make_unique<Rows>(&names);
  std::unique_ptr<Rows> staged;
  cache_internal::OverrideStack overrides;

  // Last: a fork waits for them only while all the others are there.
  cache_internal::ForkLocks fork_locks{
      {&mu, &recorder.mutex(), &book.mutex(), &misses.mutex(), &readers.mutex()}};

  State() { Publish(std::make_shared<Table>()); }

  void Publish(std::shared_ptr<const Table> next) {
    table.store(next.get(), std::memory_order_seq_cst);
    published.swap(next);
    if (next) readers.Retire(std::move(next));
  }

  // The family whose rows answer `spec`, as far as the environment is known.
  std::optional<FamilyId> FamilyOf(const OpSpec& spec) {
    const auto environment = environments.find(spec.op);
    if (environment == environments.end()) return std::nullopt;
    Parameters attributes = attribute_defaults[spec.op];
    for (const Parameter& given : spec.attributes.items()) attributes.Set(given.name, given.value);
    return names.OfFamily(spec.op, attributes, Resolve(spec.policy, environment->second.device),
                          environment->second.number);
  }

  // What ChooseOne counted goes into the book.
  void CollectMisses() { book.AddMisses(counts.Take()); }

  void SetRecording(bool on) {
    recording = on;
    for (const auto& op : ops) op->compiled.recorded.store(on, std::memory_order_relaxed);
  }

  // Appends what `op` may be answered.
  Check Prime(const RegisteredOp& op, std::vector<Primed>& primed, const OpHandle& handle) const {
    if (!op.family) return Ok();
    for (const Rows::Item* item : rows->OfFamily(*op.family)) {
      auto one = cache_internal::PrimedBy(handle, op.runners, *item);
      if (!one.ok()) return one.error();
      if (*one) primed.push_back(**std::move(one));
    }
    return Ok();
  }

  void Rebuild() {
    auto next = std::make_shared<Table>();
    for (const auto& op : ops) {
      op->family = FamilyOf(op->compiled.spec);
      next->Append(EntriesOf(*op, *rows));
    }
    Publish(std::move(next));
    misses.Forget();
  }

  void SetOverride(RegisteredOp& op) {
    std::shared_ptr<const cache_internal::Override> next = overrides.Of(op.compiled.spec);
    op.compiled.overriding.store(next.get(), std::memory_order_seq_cst);
    op.overriding.swap(next);
    if (next) readers.Retire(std::move(next));
  }

  void Compile(OpSpec prepared, RegisteredOp& op) {
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
    for (const RunnerId& runner : compiled.spec.runners) {
      op.runners.push_back(names.OfRunner(runner));
    }
    op.family = FamilyOf(compiled.spec);
    SetOverride(op);
  }
};

Cache::Cache() : state_(std::make_unique<State>()) {}
Cache::~Cache() = default;

Result<OpHandle> Cache::Register(OpSpec spec) {
  auto prepared = cache_internal::PrepareSpec(std::move(spec));
  if (!prepared.ok()) return prepared.error();
  std::lock_guard lock(state_->mu);
  for (const RegisteredOp* known : state_->ops_by_name[prepared->op]) {
    if (EqualSpecs(known->compiled.spec, *prepared)) return OpHandle(&known->compiled);
  }
  if (state_->ops.size() >= kMostOps) {
    return InvalidArgument("op: '" + prepared->op + "' would be number " +
                           std::to_string(kMostOps + 1) + "; at most " + std::to_string(kMostOps) +
                           " ops can be registered; register each once and keep its handle");
  }
  auto op = std::make_unique<RegisteredOp>();
  state_->Compile(std::move(prepared).value(), *op);
  RegisteredOp& added = *state_->ops.emplace_back(std::move(op));
  state_->ops_by_name[added.compiled.spec.op].push_back(&added);
  auto next = std::make_shared<Table>(*state_->published);
  next->Append(EntriesOf(added, *state_->rows));
  state_->Publish(std::move(next));
  return OpHandle(&added.compiled);
}

void Cache::SetEnvironments(std::vector<std::pair<std::string, Environment>> by_op) {
  std::lock_guard lock(state_->mu);
  state_->environments.clear();
  for (const auto& [op, environment] : by_op) {
    const EnvironmentOfOp known{state_->names.OfEnvironment(environment), environment.device.kind};
    state_->environments.try_emplace(op, known);
  }
  state_->Rebuild();
}

void Cache::SetAttributeDefaults(std::vector<std::pair<std::string, Parameters>> by_op) {
  std::lock_guard lock(state_->mu);
  state_->attribute_defaults.clear();
  for (auto& [op, defaults] : by_op) state_->attribute_defaults[op] = std::move(defaults);
  state_->Rebuild();
}

void Cache::Replace(std::vector<Decision> all) {
  std::lock_guard lock(state_->mu);
  auto rows = std::make_unique<Rows>(&state_->names);
  for (const Decision& decision : all) rows->Put(decision);
  state_->rows = std::move(rows);
  state_->Rebuild();
}

void Cache::Apply(std::vector<Decision> changes) {
  std::lock_guard lock(state_->mu);
  std::map<const RegisteredOp*, std::shared_ptr<OpTable>> changed;
  for (const Decision& decision : changes) {
    const Rows::Item* item = state_->rows->Put(decision);
    if (!item) continue;
    const auto ops = state_->ops_by_name.find(decision.key.problem.op);
    if (ops == state_->ops_by_name.end()) continue;
    for (const RegisteredOp* op : ops->second) {
      if (op->family != item->first.family) continue;
      std::shared_ptr<OpTable>& entries = changed[op];
      if (!entries) {
        entries = std::make_shared<OpTable>(state_->published->Of(op->compiled.index));
      }
      PutInto(*entries, *op, *item);
    }
  }
  if (changed.empty()) return;
  auto next = std::make_shared<Table>(*state_->published);
  for (auto& [op, entries] : changed) next->Set(op->compiled.index, std::move(entries));
  state_->Publish(std::move(next));
}

void Cache::BeginSnapshot() {
  std::lock_guard lock(state_->mu);
  state_->staged = std::make_unique<Rows>(&state_->names);
}

void Cache::AddToSnapshot(std::vector<Decision> part) {
  std::lock_guard lock(state_->mu);
  if (!state_->staged) return;
  for (const Decision& decision : part) state_->staged->Put(decision);
}

void Cache::CommitSnapshot() {
  std::lock_guard lock(state_->mu);
  if (!state_->staged) return;
  state_->rows = std::move(state_->staged);
  state_->Rebuild();
}

Result<uint64_t> Cache::AddOverrides(ProfileOverrides overrides) {
  if (Check check = cache_internal::CheckOverrides(overrides); !check.ok()) return check.error();
  std::lock_guard lock(state_->mu);
  const uint64_t id = state_->overrides.Add(std::move(overrides));
  for (const auto& op : state_->ops) state_->SetOverride(*op);
  return id;
}

void Cache::DropOverrides(uint64_t id) {
  std::lock_guard lock(state_->mu);
  state_->overrides.Drop(id);
  for (const auto& op : state_->ops) state_->SetOverride(*op);
}

std::vector<Miss> Cache::DrainMisses(size_t limit) {
  std::vector<Miss> misses;
  for (auto& recorded : state_->misses.Drain(limit)) {
    misses.push_back({OpHandle(recorded.op), std::move(recorded.shapes)});
  }
  return misses;
}

void Cache::ForgetMisses() { state_->misses.Forget(); }

CacheStatistics Cache::Statistics() const {
  CacheStatistics statistics;
  statistics.hits = state_->readers.Total(cache_internal::kHit);
  statistics.misses = state_->readers.Total(cache_internal::kMiss);
  statistics.not_runnable = state_->readers.Total(cache_internal::kNotRunnable);
  statistics.malformed = state_->readers.Total(cache_internal::kMalformed);
  statistics.mapper_failed = state_->readers.Total(cache_internal::kMapperFailed);
  statistics.skipped = state_->readers.Total(cache_internal::kSkipped);
  std::lock_guard lock(state_->mu);
  statistics.damaged = state_->rows->damaged();
  for (const auto& [id, items] : state_->rows->by_family()) {
    const Names::Family& family = state_->names.family(id);
    const auto environment = state_->environments.find(family.op);
    const bool ours = environment != state_->environments.end() &&
                      environment->second.number == family.environment;
    (ours ? statistics.decisions : statistics.foreign_environment) += items.size();
  }
  return statistics;
}

std::vector<MissCount> Cache::TakeMissCounts() {
  state_->CollectMisses();
  std::vector<MissCount> taken;
  for (auto& counted : state_->book.TakeFresh()) {
    taken.push_back({OpHandle(counted.op), std::move(counted.shapes), counted.count});
  }
  return taken;
}

void Cache::NoteTuned(TunedProfile profile) { state_->book.AddTuned(std::move(profile)); }

StatisticsByOp Cache::ByOp() const {
  state_->CollectMisses();
  std::map<std::string, uint64_t> misses;
  std::lock_guard lock(state_->mu);
  for (const auto& op : state_->ops) {
    misses[op->compiled.spec.op] += op->compiled.missed.load(std::memory_order_relaxed);
  }
  return state_->book.Read(misses);
}

void Cache::ClearStatistics() {
  state_->CollectMisses();
  std::lock_guard lock(state_->mu);
  for (const auto& op : state_->ops) op->compiled.missed.store(0, std::memory_order_relaxed);
  state_->book.Clear();
}

Result<std::vector<Primed>> Cache::Prime() const {
  std::vector<Primed> primed;
  std::lock_guard lock(state_->mu);
  for (const auto& op : state_->ops) {
    Check check = state_->Prime(*op, primed, OpHandle(&op->compiled));
    if (!check.ok()) return check.error();
  }
  return primed;
}

Result<std::vector<Primed>> Cache::Prime(const OpHandle& handle) const {
  std::vector<Primed> primed;
  std::lock_guard lock(state_->mu);
  const RegisteredOp& op = *state_->ops[handle.op_->index];
  if (Check check = state_->Prime(op, primed, handle); !check.ok()) return check.error();
  return primed;
}

bool Cache::StartSession(cache_internal::Session* session) {
  std::lock_guard lock(state_->mu);
  if (!state_->recorder.Start(session)) return false;
  state_->SetRecording(true);
  return true;
}

void Cache::EndSession() {
  std::lock_guard lock(state_->mu);
  state_->SetRecording(false);
  state_->recorder.End();
}

const Parameters* Cache::Keep(const Tactic& tactic) {
  std::lock_guard lock(state_->mu);
  return state_->names.Keep(tactic);
}

}  // namespace tactic
