// The client's cache: registration, shape profiles, and choosing. Standard library only, so that it
// can live in any process. It never talks to anybody: client/link feeds it from a daemon.
//
//   tactic::Cache cache;
//   auto gemm = cache.Register({.op = "gemm", .inputs = {{}, {}}, .runners = ids,
//                               .dynamic = {{.input = 0, .dim = 0}}});
//   tactic::Choice c = gemm->ChooseOne({{m, k}, {k, n}});  // Nanoseconds; never fails or blocks.
//   runners[c.runner]->Prepare(problem, c.tactic());
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/op_spec.h"

namespace tactic {

// What to run. `tactic()` stays valid as long as the Cache.
struct Choice {
  int runner = 0;                      // Index in OpSpec::runners.
  bool hit = false;                    // False: the fallback, runner 0 with its default tactic.
  const Parameters* chosen = nullptr;  // nullptr = default tactic.
  uint64_t decision_id = 0;
  const Tactic& tactic() const;  // *chosen, or the empty tactic.
};

// How the calls of ChooseOne ended, and what the table holds.
struct CacheStatistics {
  uint64_t hits = 0;
  uint64_t misses = 0;               // No decision for the profile (or no decisions at all).
  uint64_t not_runnable = 0;         // A decision, but none of its runners is in the caller's list.
  uint64_t malformed = 0;            // Wrong number of inputs, rank, or a negative size.
  uint64_t mapper_failed = 0;        // A mapper's function threw, or gave a size below 0.
  uint64_t skipped = 0;              // The op was in the skip_ops of an override.
  uint64_t decisions = 0;            // Held, of the environments set.
  uint64_t foreign_environment = 0;  // Held, but of another device, version or runner: not used.
  uint64_t damaged = 0;              // Left out: no candidate, or sizes beyond the limits.
};

namespace cache_internal {
struct CompiledOp;
}  // namespace cache_internal

// A registered op: a cheap copyable handle, valid as long as its Cache.
class OpHandle {
 public:
  // The decision for the profile of these shapes: its first candidate that the caller can run; else
  // the fallback. From any thread, also from a signal handler; takes no lock, allocates nothing,
  // makes no system call (a thread's first call may set a thread-local key), throws nothing.
  Choice ChooseOne(std::span<const Shape> shapes) const noexcept;
  Choice ChooseOne(std::initializer_list<Shape> shapes) const noexcept {
    return ChooseOne(std::span<const Shape>(shapes.begin(), shapes.size()));
  }

  const OpSpec& spec() const;

  // The problems to tune so that sizes like these hit: every bucket of every dynamic dimension,
  // last one fastest, with the current sizes mapped and added; each at the size that it is looked
  // up by, none twice. InvalidArgument names the shape or constraint at fault, or says that there
  // are more than limits::kProblems. For tuning, not for the hot path.
  Result<std::vector<Problem>> Profiles(const Shapes& shapes) const;
  // Those of the profiles that the table does not answer yet.
  Result<std::vector<Problem>> MissingProfiles(const Shapes& shapes) const;
  // The problem that these shapes map to.
  Result<Problem> ProblemOf(const Shapes& shapes) const;

 private:
  friend class Cache;
  explicit OpHandle(const cache_internal::CompiledOp* op) : op_(op) {}
  const cache_internal::CompiledOp* op_;
};

// What changes, for a while, for all ops of a cache.
struct ProfileOverrides {
  // Not empty: the buckets of every dynamic dimension, with sizes mapped to them: rounded down
  // unless `round_up`, and to the ends of the list where that is not possible. An op's tune_max
  // still holds. Order and repetition do not matter.
  std::vector<int64_t> buckets;
  // Sizes are rounded up to a bucket: of `buckets`, else of the op's own (those of a function stay
  // as they are).
  bool round_up = false;
  // ChooseOne answers calls of these with the fallback, whatever is tuned, and records no miss.
  // They need not be registered.
  std::vector<std::string> skip_ops;
};

// Shapes that missed in ChooseOne.
struct Miss {
  OpHandle op;
  Shapes shapes;
};

// Thread-safe. No call of ChooseOne may be under way when it is destroyed.
class Cache {
 public:
  Cache();
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // InvalidArgument names the field, its value and the bound, or the size that could never hit
  // (Dialect::kStrict). Registering an equal spec again gives the same handle, unless it has
  // constraints or other functions: they cannot be compared.
  Result<OpHandle> Register(OpSpec spec);

  // The environments whose decisions may answer, by op: (op, environment). Of two for one op the
  // first holds. Replaces what was set before.
  void SetEnvironments(std::vector<std::pair<std::string, Environment>> by_op);

  // The attributes that an op takes when a spec leaves them out, by op. Replaces what was set
  // before. Decisions carry them all, so without these a spec must name each.
  void SetAttributeDefaults(std::vector<std::pair<std::string, Parameters>> by_op);

  // Everything the table should hold (a snapshot), or what changed. Applied in one step: a reader
  // sees all of it or none. In Apply, an older revision of a key than the one held is ignored.
  void Replace(std::vector<Decision> all);
  void Apply(std::vector<Decision> changes);

  // Replace for a snapshot that comes in parts: parts are staged, seen by nobody, until Commit.
  // Begin drops what was staged before.
  void BeginSnapshot();
  void AddToSnapshot(std::vector<Decision> part);
  void CommitSnapshot();

  // Overrides hold for every thread, from the next call of ChooseOne, until they are dropped. Of
  // several at one time, the last ones that say anything of buckets rule (alone), and what any of
  // them skips is skipped. InvalidArgument names the size or the op at fault. While there are none,
  // ChooseOne pays one load and one branch for them.
  Result<uint64_t> AddOverrides(ProfileOverrides overrides);
  void DropOverrides(uint64_t id);

  // Takes up to `limit` recorded misses. A profile is recorded once, until ForgetMisses or a new
  // snapshot or environment. Lossy under pressure: what found no room is recorded by a later call.
  // Shapes with more than 26 sizes in all are not recorded.
  std::vector<Miss> DrainMisses(size_t limit);
  // Lets profiles that were recorded before be recorded again.
  void ForgetMisses();

  CacheStatistics Statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tactic
