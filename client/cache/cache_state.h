// What a Cache is made of.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/cache/compiled_op.h"
#include "client/cache/fork_locks.h"
#include "client/cache/misses.h"
#include "client/cache/overrides.h"
#include "client/cache/readers.h"
#include "client/cache/recorder.h"
#include "client/cache/rows.h"
#include "client/cache/shape_counts.h"
#include "client/cache/table.h"
#include "client/cache/table_source.h"
#include "client/cache/tuning_book.h"
#include "proto/table/mapped_table.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

struct RegisteredOp {
  CompiledOp compiled;
  std::vector<uint32_t> runners;  // Their numbers, in the caller's order.
  std::vector<BannedPick> banned;
  std::optional<FamilyId> family;  // Whose rows answer; nullopt: the environment is not known.
  std::shared_ptr<const Override> overriding;  // What the compiled one points to.
};

struct EnvironmentOfOp {
  uint32_t number = 0;
  DeviceKind device = DeviceKind::kHost;
  Fingerprint fingerprint;
};

// What is known of ops, by name.
struct OpFacts {
  std::map<std::string, EnvironmentOfOp, std::less<>> environments;
  std::map<std::string, Parameters, std::less<>> attribute_defaults;
};

// The entries that these rows give the op.
std::shared_ptr<const OpTable> EntriesOf(const RegisteredOp& op, const Rows& rows);
// False: the row has no entry for the op, and one of its key that there was has to go: all that it
// ranks is banned.
bool PutInto(OpTable& entries, const RegisteredOp& op, const Row& row);

}  // namespace tactic::cache_internal

namespace tactic {

struct Cache::State {
  // What ChooseOne uses.
  cache_internal::Readers readers;
  cache_internal::MissLog misses;
  cache_internal::ShapeCounts counts;
  cache_internal::Recorder recorder;
  std::atomic<const cache_internal::Table*> table{nullptr};

  cache_internal::TuningBook book;  // Synchronises itself; ChooseOne does not use it.

  // Held while a file is looked at, which takes too long for `mu`. Taken before `mu`.
  std::mutex look_mu;
  std::optional<cache_internal::TableSource> source;  // Guarded by look_mu.

  // All below is guarded by mu; ChooseOne does not use it.
  mutable std::mutex mu;
  std::condition_variable file_changed;
  bool recording = false;                                  // A Capture or Replay is active.
  std::shared_ptr<const cache_internal::Table> published;  // What `table` points to.
  std::vector<std::unique_ptr<cache_internal::RegisteredOp>> ops;
  std::map<std::string, std::vector<cache_internal::RegisteredOp*>, std::less<>> ops_by_name;
  cache_internal::OpFacts facts;       // As they were set.
  cache_internal::OpFacts file_facts;  // For ops of which nothing was set.
  cache_internal::Names names;
  std::unique_ptr<cache_internal::Rows> rows = std::make_unique<cache_internal::Rows>(&names);
  std::unique_ptr<cache_internal::Rows> staged;
  cache_internal::OverrideStack overrides;
  std::shared_ptr<const table::MappedTable> file;  // nullptr: none.
  bool has_snapshot = false;                       // The rows are all there is: no file answers.
  std::vector<Ban> bans;                           // As they were set.
  std::vector<Ban> bans_here;                      // Of this process alone.

  // Behind all that they guard: a fork waits for them only while that is there.
  cache_internal::ForkLocks fork_locks{
      {&look_mu, &mu, &recorder.mutex(), &book.mutex(), &misses.mutex(), &readers.mutex()}};

  // Last: its thread uses the others. Not guarded: as thread-safe as OpenTable says.
  std::unique_ptr<cache_internal::TableFollower> follower;

  State();

  void Publish(std::shared_ptr<const cache_internal::Table> next);
  // The same of all ops anew, after what is known of them, or the file, has changed.
  void Rebuild();
  void ReplaceRows(std::unique_ptr<cache_internal::Rows> all);
  // All bans that hold.
  std::vector<Ban> AllBans() const;
  std::vector<cache_internal::BannedPick> BannedOf(std::string_view op);
  // Everything anew, after bans have changed.
  void ApplyBans();
  // What answers `op` in a table.
  cache_internal::OpEntries EntriesOf(const cache_internal::RegisteredOp& op);

  // nullptr: not known.
  const cache_internal::EnvironmentOfOp* EnvironmentOf(std::string_view op) const;
  Parameters AttributesOf(const OpSpec& spec) const;
  // The family whose rows answer `spec`, as far as the environment is known.
  std::optional<cache_internal::FamilyId> FamilyOf(const OpSpec& spec);
  cache_internal::EnvironmentOfOp Number(const Environment& environment);

  // What the file answers of `op`; nullptr: nothing.
  std::shared_ptr<const cache_internal::MappedOp> MappedEntriesOf(
      const cache_internal::RegisteredOp& op);
  // Looks at the path; true: another file answers.
  bool Look();                                                 // REQUIRES: look_mu.
  void SetFile(std::shared_ptr<const table::MappedTable> to);  // nullptr: none.
  void FillFile(TableStatistics& statistics) const;

  // What ChooseOne counted goes into the book.
  void CollectMisses() { book.AddMisses(counts.Take()); }
  void SetRecording(bool on);
  // Appends what `op` may be answered.
  Check Prime(const cache_internal::RegisteredOp& op, std::vector<Primed>& primed,
              const OpHandle& handle) const;
  void SetOverride(cache_internal::RegisteredOp& op);
  // The same of all ops, after overrides have changed.
  void ApplyOverrides();
  void Compile(OpSpec prepared, cache_internal::RegisteredOp& op);
};

}  // namespace tactic
