// Keeps a Cache equal to the daemon's decisions: one thread that follows the Watch stream, resumes
// it where it broke, and starts over when the daemon has another store.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/link/connection.h"
#include "client/link/stage.h"
#include "client/link/status_board.h"
#include "tactic/cache.h"
#include "tactic/client.h"

namespace tactic::link {

struct WatcherOptions {
  std::string target;
  // Empty: the daemon's own, if it is reached over a unix socket.
  std::vector<std::pair<std::string, Environment>> environments;
  Millis silence{15'000};               // A stream without a frame for this long is dead.
  std::function<void()> heard = [] {};  // Called for each frame, once its bans hold.
};

// Starts with construction, ends with destruction. `cache` and `board` outlive it.
class Watcher {
 public:
  Watcher(WatcherOptions options, Cache& cache, StatusBoard& board);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void SetLocalOps(std::vector<LocalOp> ops);
  // Whether the daemon is asked to tune problems of this op: not if it is a local one, of another
  // environment than the daemon's.
  bool DaemonTunes(const std::string& op) const;

  // What the stream goes through.
  Stage& stage() { return stage_; }
  // Ends the stream and begins another one, with a snapshot.
  void StartOver();

 private:
  // What a stream's end asks for.
  struct End {
    bool progressed = false;  // A frame came: the next attempt need not back off.
    Millis wait{0};           // The daemon's wish; 0 = none.
  };
  static OpFacts FactsOf(const v1::GetServerInfoResponse& info);
  static void AddOp(const v1::Lane& lane, const v1::OpInfo& info, OpFacts& facts);
  // Tells the stage what holds, lanes or options and local ops together.
  void ApplyFacts();  // REQUIRES: facts_mu_.

  void Loop();
  End ConnectOnce();
  bool TakeStartOver();
  bool LearnEnvironments();
  // After silence: the connection may be dead without either end knowing it.
  void DropConnection() { stub_ = NewStub(options_.target); }
  End Follow();
  // False: the stream is of no more use.
  bool OnFrame(const v1::WatchResponse& frame, End& end);
  void Reached(const v1::WatchResponse& frame);
  // Changes of a store must follow a snapshot of it, the end of a snapshot its beginning.
  bool BelongsHere(const v1::WatchResponse& frame) const;
  void OnDecisions(const v1::WatchResponse& frame);
  void OnBans(const v1::BanList& list);
  // False: it is time to stop.
  bool Pause(Millis wait);
  // Makes `context` the call that a stop cancels; false: already stopping.
  bool Enter(grpc::ClientContext& context);
  void Leave();

  const WatcherOptions options_;
  Stage stage_;         // Synchronises itself.
  StatusBoard& board_;  // Likewise.
  // Of the thread:
  std::unique_ptr<v1::Tuning::Stub> stub_;
  bool in_snapshot_ = false;

  mutable std::mutex facts_mu_;
  OpFacts facts_;               // Guarded by facts_mu_. Without local ops.
  std::vector<LocalOp> local_;  // Likewise.

  std::mutex mu_;
  std::condition_variable stopped_;
  bool stopping_ = false;                   // Guarded by mu_.
  bool start_over_ = false;                 // Guarded by mu_.
  grpc::ClientContext* current_ = nullptr;  // Guarded by mu_.
  std::thread thread_;                      // Last: uses all the others.
};

}  // namespace tactic::link
