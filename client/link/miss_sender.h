// Turns misses into tuning requests: one thread that takes recorded misses out of the cache,
// expands them by the rules of the innermost tuning scope, and asks the daemon, once for each
// problem. Outside of scopes that tune, which misses are meant for, it also reports the calls
// themselves, and warns.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/link/connection.h"
#include "client/link/miss_reporter.h"
#include "client/link/status_board.h"
#include "tactic/client.h"

namespace tactic::link {

// Problems to tune, by the policy that they were missed under.
using ProblemsByPolicy = std::map<MeasurementPolicy, std::vector<Problem>>;

struct MissHooks {
  // Whether the daemon is asked for problems of this op.
  std::function<bool(const std::string& op)> daemon_tunes;
  // Gets a line for each op and profile that misses where nothing is tuned, once. Called with the
  // sender's lock held, on any thread that drains.
  std::function<void(const std::string& line)> log;
  // Called with each turn of the thread, several times a second.
  std::function<void()> turn = [] {};
};

// Starts with construction, ends with destruction. Thread-safe. What it refers to outlives it.
class MissSender {
 public:
  MissSender(std::string target, std::string client, Cache& cache, StatusBoard& board,
             MissHooks hooks);
  ~MissSender();
  MissSender(const MissSender&) = delete;
  MissSender& operator=(const MissSender&) = delete;

  // Scopes, by id; misses so far follow the rule that held until now.
  uint64_t EnterScope(bool tune);
  void LeaveScope(uint64_t id);
  // What missed inside that scope so far, once.
  ProblemsByPolicy TakeAsked(uint64_t id);

 private:
  struct Scope {
    uint64_t id;
    bool tune;
    ProblemsByPolicy asked;
  };
  struct Batch {
    MeasurementPolicy policy;
    std::vector<Problem> problems;
    std::string request_id;
  };

  void Loop();
  void Drain();                                                                  // REQUIRES: mu_.
  void Ask(const Miss& miss, ProblemsByPolicy& out);                             // REQUIRES: mu_.
  void Enqueue(const MeasurementPolicy& policy, std::vector<Problem> problems);  // REQUIRES: mu_.
  bool InTuningScope() const;                                                    // REQUIRES: mu_.
  void Warn(const Miss& miss);                                                   // REQUIRES: mu_.
  // False: try again later.
  bool Send(const Batch& batch);
  void SendReports(const std::vector<v1::ReportMissesRequest>& reports);
  // Makes a call that a stop cancels. CANCELLED: already stopping.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::Tuning::Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                    const Request& request, Response& response);

  const std::string client_;
  Cache& cache_;        // Synchronises itself.
  StatusBoard& board_;  // Likewise.
  const MissHooks hooks_;
  const std::unique_ptr<v1::Tuning::Stub> stub_;

  std::mutex mu_;
  std::condition_variable wake_;
  // Guarded by mu_:
  bool stopping_ = false;
  grpc::ClientContext* current_ = nullptr;
  uint64_t next_scope_ = 1;
  std::list<Scope> scopes_;  // The innermost last.
  std::deque<Batch> queue_;
  size_t queued_problems_ = 0;
  std::set<Fingerprint> asked_;   // Problems that were queued once.
  std::set<Fingerprint> warned_;  // Problems that were warned of.
  MissReporter reporter_;
  std::thread thread_;  // Last: uses all the others.
};

}  // namespace tactic::link
