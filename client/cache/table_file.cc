// The part of a Cache that concerns the table file.
#include <mutex>
#include <utility>

#include "client/cache/cache_state.h"
#include "proto/table/path.h"
#include "proto/table/row.h"
#include "tactic/cache.h"
#include "tactic/model/codec.h"

namespace tactic {

using cache_internal::EnvironmentOfOp;
using cache_internal::MappedOp;
using cache_internal::RegisteredOp;
using cache_internal::TableFollower;

Check Cache::OpenTable(std::string path, TableOptions options) {
  CloseTable();
  const auto look = [this] {
    const std::lock_guard looking(state_->look_mu);
    state_->Look();
  };
  const std::lock_guard looking(state_->look_mu);
  state_->source.emplace(path.empty() ? table::DefaultPath() : std::move(path));
  state_->Look();
  if (options.look_every.count() > 0) {
    state_->follower = std::make_unique<TableFollower>(options.look_every, look);
  }
  return state_->source->Status();
}

void Cache::CloseTable() {
  state_->follower.reset();
  const std::lock_guard looking(state_->look_mu);
  if (!state_->source) return;
  state_->source.reset();
  state_->SetFile(nullptr);
}

bool Cache::RefreshTable() {
  const std::lock_guard looking(state_->look_mu);
  return state_->Look();
}

bool Cache::WaitForTable(uint64_t revision, std::chrono::milliseconds timeout) {
  std::unique_lock lock(state_->mu);
  return state_->file_changed.wait_for(lock, timeout, [&] {
    return state_->file != nullptr && state_->file->view().header().revision >= revision;
  });
}

TableStatistics Cache::OfTable() const {
  TableStatistics statistics;
  const std::lock_guard looking(state_->look_mu);
  if (state_->source) state_->source->Fill(statistics);
  const std::lock_guard lock(state_->mu);
  state_->FillFile(statistics);
  return statistics;
}

bool Cache::State::Look() {
  if (!source) return false;
  auto fresh = source->Look();
  if (fresh == nullptr) return false;
  SetFile(std::move(fresh));
  return true;
}

void Cache::State::SetFile(std::shared_ptr<const table::MappedTable> to) {
  const std::lock_guard lock(mu);
  file = std::move(to);
  file_facts = {};
  if (file != nullptr) {
    const table::View& view = file->view();
    for (const table::OpRecord& record : view.ops()) {
      const Result<Key> key = DecodeKey(view.Text(record.key));
      if (!key.ok()) continue;
      file_facts.attribute_defaults[key->problem.op] = key->problem.attributes;
      if (view.of_this_host()) file_facts.environments[key->problem.op] = Number(key->environment);
    }
  }
  if (!has_snapshot) Rebuild();
  file_changed.notify_all();
}

std::shared_ptr<const MappedOp> Cache::State::MappedEntriesOf(const RegisteredOp& op) {
  if (file == nullptr || has_snapshot) return nullptr;
  const OpSpec& spec = op.compiled.spec;
  const EnvironmentOfOp* environment = EnvironmentOf(spec.op);
  if (environment == nullptr) return nullptr;
  const std::string key =
      table::FamilyKey(spec.op, AttributesOf(spec), Resolve(spec.policy, environment->device));
  const table::FamilyRecord* family = file->view().Find(key, environment->fingerprint);
  if (family == nullptr) return nullptr;
  return std::make_shared<MappedOp>(file, *family, spec, OpBans(AllBans(), spec.op), names);
}

void Cache::State::FillFile(TableStatistics& statistics) const {
  if (file == nullptr) return;
  const table::View& view = file->view();
  statistics.open = true;
  statistics.store_id = view.store_id();
  statistics.revision = view.header().revision;
  statistics.created_unix_ms = view.header().created_unix_ms;
  for (const table::FamilyRecord& family : view.families()) {
    const EnvironmentOfOp* ours = EnvironmentOf(view.Text(family.op));
    const table::EnvironmentRecord& theirs = view.environments()[family.environment];
    const bool same = ours != nullptr && ours->fingerprint.high == theirs.high &&
                      ours->fingerprint.low == theirs.low;
    (same ? statistics.decisions : statistics.foreign_environment) += family.decisions;
  }
}

}  // namespace tactic
