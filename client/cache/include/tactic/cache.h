// The client's cache: registration, shape profiles, and choosing. Standard library only, so that it
// can live in any process. It never talks to anybody: client/link feeds it from a daemon, or it
// reads the table file that a daemon keeps.
//
//   tactic::Cache cache;
//   auto gemm = cache.Register({.op = "gemm", .inputs = {{}, {}}, .runners = ids,
//                               .dynamic = {{.input = 0, .dim = 0}}});
//   tactic::Choice c = gemm->ChooseOne({{m, k}, {k, n}});  // Nanoseconds; never fails or blocks.
//   runners[c.runner]->Prepare(problem, c.tactic());
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tactic/model/ban.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/op_handle.h"
#include "tactic/op_spec.h"
#include "tactic/statistics.h"

namespace tactic {

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

struct TableOptions {
  // How often a thread of the cache looks whether the file was replaced. 0: no thread; RefreshTable
  // looks.
  std::chrono::milliseconds look_every{100};
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
  // The names of the ops that are registered, each once.
  std::vector<std::string> RegisteredOps() const;

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

  // What must not be run. From the next call of ChooseOne on, a banned candidate does not answer,
  // whoever it came from (also the table file): the next one of its decision that the caller can
  // run does, else the fallback. A decision that ranks nothing but what is banned is a miss, to be
  // tuned anew (in a table file: not_runnable). The fallback, runner 0 with its default tactic, is
  // what the caller runs in any case: banning it keeps it from being chosen, not from being fallen
  // back to. SetBans replaces what it said before, and nothing of BanHere. Not for the hot path:
  // the table is built anew.
  void SetBans(std::vector<Ban> bans);
  // A ban of this cache alone, as long as it lives: at once, when a launch has failed here. Again:
  // the reason is replaced. InvalidArgument names the field.
  Check BanHere(Ban ban);
  // All that hold.
  std::vector<Ban> Bans() const;
  // While on, ChooseOne answers all calls with the fallback and records no miss (skipped).
  void SkipAll(bool on);

  // Answers from the table file at `path` too (docs/table_file.md; empty: $TACTICD_TABLE, else the
  // one beside the daemon's default socket), from its pages, which all
  // processes of the host share; and from the one that replaces it, as soon as that is noticed. A
  // file that is not there yet, or cannot be read, is looked for again; what was mapped before goes
  // on answering. Decisions that the cache was given (Apply) come first, and once it was given a
  // snapshot (Replace, CommitSnapshot) no file answers any more.
  // For ops that SetEnvironments and SetAttributeDefaults said nothing of, what the file says
  // holds: environments only if it says that they are this host's.
  // An Error says why there is no answer from the file yet: NotFound, Unavailable (the system does
  // not let us), InvalidArgument (not a table file), FailedPrecondition (of a newer version),
  // DataLoss (damaged). Replaces the file opened before. Not from two threads at once.
  Check OpenTable(std::string path, TableOptions options = {});
  void CloseTable();
  // Looks at once. True: another file than before answers. Reads and checks a file that was
  // replaced; else one system call.
  bool RefreshTable();
  // Waits until a file of this revision or a later one answers. False: not in time.
  bool WaitForTable(uint64_t revision, std::chrono::milliseconds timeout);
  TableStatistics OfTable() const;

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

  // What missed, call by call, since the last TakeMissCounts: each distinct call (at its real
  // sizes) once. Bounded and lossy like the statistics below, which count these calls too.
  std::vector<MissCount> TakeMissCounts();
  // Adds the outcome of tuning a profile to the statistics. client/link and client/lease do it for
  // what they wait for.
  void NoteTuned(TunedProfile profile);
  // Misses and tuning by op's name, since the cache was made or ClearStatistics.
  StatisticsByOp ByOp() const;
  void ClearStatistics();

  // What must be loaded before a graph is captured: each answer that the table holds for ops of
  // this cache now, or for `op`, each (op, problem, runner, tactic) once. Some may be for sizes
  // that no call maps to. In addition any call may miss: then runner 0 runs with its default
  // tactic. An Error names the op whose constraint cannot infer a size.
  Result<std::vector<Primed>> Prime() const;
  Result<std::vector<Primed>> Prime(const OpHandle& op) const;

 private:
  friend class Capture;
  friend class Replay;
  // False: another session is active.
  bool StartSession(cache_internal::Session* session);
  void EndSession();
  // The lasting copy; nullptr for the default tactic.
  const Parameters* Keep(const Tactic& tactic);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tactic
