// The client of tacticd: a Cache that is fed by a daemon.
//
//   tactic::Client client({});             // Never fails for want of a daemon.
//   auto gemm = client.Register({...});
//   {
//     tactic::TuningScope scope(client);   // What misses inside is tuned.
//     gemm->ChooseOne({{m, k}, {k, n}});
//     scope.Wait(std::chrono::minutes(3));
//   }
//   gemm->ChooseOne({{m, k}, {k, n}});     // Hits from now on, daemon up or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tactic/cache.h"

namespace tactic {

namespace link {
class Watcher;
}  // namespace link

struct ClientOptions {
  // "unix:/path" or "host:port". Empty: $TACTICD_TARGET, else the daemon's default socket.
  std::string target;
  // For the daemon's log and fairness between clients. Empty: the program's name and process id.
  std::string name;
  // The environment by op. Empty: the daemon's own if it is reached over a unix socket (same host),
  // else none: nothing hits.
  std::vector<std::pair<std::string, Environment>> environments;
  // Gets a line for each op and profile that misses where no TuningScope tunes, once: no decision,
  // so that the fallback runs. Called in the background, never by ChooseOne; must not call the
  // client. Empty: standard error. At most 1000 lines; Statistics and ByOp count on.
  std::function<void(const std::string& line)> log;
  // A connection that brings nothing for this long is taken for dead and made anew. The daemon
  // sends something every 5 s.
  std::chrono::milliseconds silence{15'000};
  // Not 0: once nothing came from the daemon for longer than this, so that a ban may have been
  // missed, all calls get the fallback (skipped) until it is heard again; counted from the client's
  // making, on a clock that goes on while the machine sleeps. 0: what the table holds answers for
  // as long as it takes, with the bans that are known.
  std::chrono::milliseconds strict_ban_age{0};
};

// What an empty ClientOptions::target stands for.
std::string DefaultTarget();

// What the table's content is worth: how long ago the daemon said up to where it is complete, which
// it does every 5 s at least. Counted on a clock that goes on while the machine sleeps. All states
// answer.
enum class Freshness {
  kFresh,    // Within 15 s.
  kStale,    // Within 60 s.
  kOffline,  // Longer ago, or never.
};

// A state of a daemon's store: everything up to this revision. Two tables at one position give the
// same answers.
struct TablePosition {
  std::string store_id;  // Empty: no position.
  uint64_t revision = 0;
  bool operator==(const TablePosition&) const = default;
};

struct ClientStatistics {
  CacheStatistics cache;
  Freshness freshness = Freshness::kOffline;
  std::string store_id;
  uint64_t revision = 0;
  uint64_t connects = 0;          // Watch streams that delivered something.
  uint64_t requests_sent = 0;     // Tune requests.
  uint64_t requests_dropped = 0;  // The queue of misses was full, or the daemon refused.
  uint64_t misses_reported = 0;   // Distinct calls that the daemon took note of (tacticctl misses).
  std::string last_error;         // Of the connection; empty = none.
};

struct TuneOutcome {
  bool finished = false;  // False: the time ran out, or the daemon went away; `message` says which.
  uint32_t decided = 0;   // Now in the table.
  uint32_t failed = 0;
  std::string message;
};

// An op whose runners live in this program, so that the daemon may not know it.
struct LocalOp {
  std::string op;
  Environment environment;  // This machine, and these runners as components.
  Parameters defaults;      // Of the attributes that a spec leaves out.
};

// Tunes problems of local ops in this process. The library tactic::lease has one (tactic/lease.h).
class LocalTuner {
 public:
  virtual ~LocalTuner() = default;
  // As Client::Tune. Called on the thread that waits for a TuningScope.
  virtual TuneOutcome Tune(const std::vector<Problem>& problems, const MeasurementPolicy& policy,
                           std::chrono::milliseconds timeout) = 0;
};

// Thread-safe. Two threads of its own. Destruction takes at most a moment, daemon up or not.
//
// After a fork without exec the child's copy answers from what it held, and can be destroyed; what
// needs the daemon says at once that it cannot (Inherited). A client that the child makes connects
// if no client was alive at the fork, or gRPC was told to support forks. docs/processes.md.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // As Cache::Register; works with no daemon.
  Result<OpHandle> Register(OpSpec spec);
  Cache& cache();

  // Waits until the table holds a whole snapshot, or the time is over. False: not yet (the client
  // goes on trying).
  bool WaitUntilReady(std::chrono::milliseconds timeout);

  // Asks the daemon to tune these, and waits until the table answers them. For tools and start-up
  // code.
  TuneOutcome Tune(const std::vector<Problem>& problems, const MeasurementPolicy& policy,
                   std::chrono::milliseconds timeout);

  // Local ops, by name; what is given here holds instead of what the daemon says of an op. Only
  // decisions of their environments answer. The daemon is not asked to tune one unless its own
  // environment for the op is the same.
  void SetLocalOps(std::vector<LocalOp> ops);

  ClientStatistics Statistics() const;
  // Misses with their shapes, and what tuning found, by op: cache().ByOp(). ToText and ToJson
  // (tactic/statistics.h) print it.
  StatisticsByOp ByOp() const;

  // Pinned, the table answers from what it holds; what the daemon sends is kept until Advance.
  // Returns where the table is; no position: at none exactly, it is empty or in the middle of a
  // large change. docs/groups.md: how ranks use it, and why Group (tactic/group.h) is better.
  TablePosition Pin();
  // Moves the pinned table to exactly this position, in one step. Unavailable: it has not come yet.
  // FailedPrecondition: not pinned, or not to be had exactly, since the connection was gone or slow
  // while it was superseded. InvalidArgument: older than the table. The table is as it was then.
  Check Advance(const TablePosition& to);
  // Applies what was kept, and follows the daemon again.
  void Unpin();
  // Where the table is, exactly (no position: at none), and the newest that Advance can go to now.
  TablePosition Position() const;
  TablePosition Newest() const;

  // This process was forked from the one that made the client.
  bool Inherited() const;
  // Why nothing comes from the daemon here and never will, for people; nullptr: it may.
  const char* WhyNotConnected() const;

  // How the daemon is reached, and what it calls this client.
  const std::string& target() const;
  const std::string& name() const;
  // Waits until the table holds everything up to this revision of the daemon's store.
  bool WaitForRevision(uint64_t revision, std::chrono::milliseconds timeout);

 private:
  friend class Group;
  friend class Hold;
  friend class TuningScope;
  link::Watcher& watcher();
  uint64_t EnterScope(bool tune);
  struct State;
  std::unique_ptr<State> state_;
};

// While one lives, what misses is tuned: all buckets of the op at the shapes met. Scopes belong to
// the client, not to the thread that made them; they nest, and the one made last rules. With no
// scope, a profile that missed is asked for once, in the background, so that the next start hits.
// Thread-safe; the client outlives it.
class TuningScope {
 public:
  // `tune` = false: misses inside are not asked for, only reported (tacticctl misses).
  explicit TuningScope(Client& client, bool tune = true);
  // Wait tunes local ops with `local`, which outlives the scope; the others are the daemon's.
  TuningScope(Client& client, LocalTuner& local);
  ~TuningScope();
  TuningScope(const TuningScope&) = delete;
  TuningScope& operator=(const TuningScope&) = delete;

  // Other buckets, or ops left alone, from now to the end of this scope (Cache::AddOverrides), in
  // the place of those that an earlier call gave it. InvalidArgument names what is wrong with them;
  // nothing has changed then. Not from two threads at once.
  Check Override(ProfileOverrides overrides);

  // Waits until everything that missed inside this scope, or a scope inside it, since the last Wait
  // is decided. Blocks the calling thread; not for the hot path.
  TuneOutcome Wait(std::chrono::milliseconds timeout);

 private:
  Client& client_;
  LocalTuner* const local_ = nullptr;
  const uint64_t id_;
  uint64_t overrides_ = 0;  // 0: none.
};

}  // namespace tactic
