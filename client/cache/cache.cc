#include "tactic/cache.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "client/cache/cache_state.h"
#include "client/cache/profile.h"

namespace tactic {

using cache_internal::Names;
using cache_internal::OpTable;
using cache_internal::RegisteredOp;
using cache_internal::Rows;
using cache_internal::Table;

namespace {

constexpr size_t kMostOps = 1 << 16;

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

}  // namespace

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
  next->Append(state_->EntriesOf(added));
  state_->Publish(std::move(next));
  return OpHandle(&added.compiled);
}

std::vector<std::string> Cache::RegisteredOps() const {
  std::lock_guard lock(state_->mu);
  std::vector<std::string> names;
  for (const auto& [name, ops] : state_->ops_by_name) {
    if (!ops.empty()) names.push_back(name);
  }
  return names;
}

void Cache::SetEnvironments(std::vector<std::pair<std::string, Environment>> by_op) {
  std::lock_guard lock(state_->mu);
  state_->facts.environments.clear();
  for (const auto& [op, environment] : by_op) {
    state_->facts.environments.try_emplace(op, state_->Number(environment));
  }
  state_->Rebuild();
}

void Cache::SetAttributeDefaults(std::vector<std::pair<std::string, Parameters>> by_op) {
  std::lock_guard lock(state_->mu);
  state_->facts.attribute_defaults.clear();
  for (auto& [op, defaults] : by_op) state_->facts.attribute_defaults[op] = std::move(defaults);
  state_->Rebuild();
}

void Cache::Replace(std::vector<Decision> all) {
  std::lock_guard lock(state_->mu);
  auto rows = std::make_unique<Rows>(&state_->names);
  cache_internal::Row row;
  for (const Decision& decision : all) rows->Put(decision, row);
  state_->ReplaceRows(std::move(rows));
}

void Cache::Apply(std::vector<Decision> changes) {
  std::lock_guard lock(state_->mu);
  std::map<const RegisteredOp*, OpTable> changed;
  bool withdrawn = false;  // An entry that there may be has to go, which only a rebuild can do.
  cache_internal::Row row;
  for (const Decision& decision : changes) {
    if (!state_->rows->Put(decision, row)) continue;
    const auto ops = state_->ops_by_name.find(decision.key.problem.op);
    if (ops == state_->ops_by_name.end()) continue;
    for (const RegisteredOp* op : ops->second) {
      if (op->family != row.family) continue;
      withdrawn |= !cache_internal::PutInto(changed[op], *op, row);
    }
  }
  if (withdrawn) return state_->Rebuild();
  if (changed.empty()) return;
  auto next = std::make_shared<Table>(*state_->published);
  for (const auto& [op, entries] : changed) next->Change(op->compiled.index, entries);
  state_->Publish(std::move(next));
}

void Cache::BeginSnapshot() {
  std::lock_guard lock(state_->mu);
  state_->staged = std::make_unique<Rows>(&state_->names);
}

void Cache::AddToSnapshot(std::vector<Decision> part) {
  std::lock_guard lock(state_->mu);
  if (!state_->staged) return;
  cache_internal::Row row;
  for (const Decision& decision : part) state_->staged->Put(decision, row);
}

void Cache::CommitSnapshot() {
  std::lock_guard lock(state_->mu);
  if (!state_->staged) return;
  state_->ReplaceRows(std::move(state_->staged));
}

void Cache::SetBans(std::vector<Ban> bans) {
  std::lock_guard lock(state_->mu);
  if (state_->bans == bans) return;  // As with each new stream of a daemon.
  state_->bans = std::move(bans);
  state_->ApplyBans();
}

Check Cache::BanHere(Ban ban) {
  if (Check check = CheckBan("ban.", ban); !check.ok()) return check;
  std::lock_guard lock(state_->mu);
  std::erase_if(state_->bans_here, [&ban](const Ban& known) { return SameBan(known, ban); });
  state_->bans_here.push_back(std::move(ban));
  state_->ApplyBans();
  return Ok();
}

std::vector<Ban> Cache::Bans() const {
  std::lock_guard lock(state_->mu);
  return state_->AllBans();
}

void Cache::SkipAll(bool on) {
  std::lock_guard lock(state_->mu);
  state_->overrides.SkipAll(on);
  state_->ApplyOverrides();
}

Result<uint64_t> Cache::AddOverrides(ProfileOverrides overrides) {
  if (Check check = cache_internal::CheckOverrides(overrides); !check.ok()) return check.error();
  std::lock_guard lock(state_->mu);
  const uint64_t id = state_->overrides.Add(std::move(overrides));
  state_->ApplyOverrides();
  return id;
}

void Cache::DropOverrides(uint64_t id) {
  std::lock_guard lock(state_->mu);
  state_->overrides.Drop(id);
  state_->ApplyOverrides();
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
  for (const auto& [id, size] : state_->rows->Sizes()) {
    const Names::Family& family = state_->names.family(id);
    const auto* environment = state_->EnvironmentOf(family.op);
    const bool ours = environment != nullptr && environment->number == family.environment;
    (ours ? statistics.decisions : statistics.foreign_environment) += size;
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
