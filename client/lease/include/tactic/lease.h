// Tuning in this process: for runners that live only in this program, so that no worker of the
// daemon can measure them. docs/leases.md tells how it works.
//
//   tactic::sdk::Registry registry;               // This program's ops and runners.
//   tactic::Client client({});
//   tactic::LeaseTuner tuner(client, registry);   // Now the client's table knows them.
//   auto norm = client.Register({.op = "layer_norm", ...});
//   {
//     tactic::TuningScope scope(client, tuner);   // What misses inside is tuned here.
//     norm->ChooseOne({{rows, cols}});
//     scope.Wait(std::chrono::minutes(3));
//   }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactic/client.h"
#include "tactic/sdk/runner.h"

namespace tactic {

// What happens, in the order of the kinds but for kWaiting and kLost, which may come at any time.
struct LeaseEvent {
  enum class Kind {
    kWaiting,   // `detail`: for whom.
    kGranted,   // From here on this process measures, and nothing else on the lane.
    kMeasured,  // One step of the race is over. `detail`: what it gave, one line a candidate.
    kDeciding,  // The race is over; the daemon is told.
    kDecided,   // The daemon has stored the decision, or told whose it is.
    kLost,      // The lease ended too early; it is acquired again. `detail`: why.
  } kind;
  const Problem& problem;
  std::string detail;
};

struct LeaseTunerOptions {
  // The daemon's lane whose device this is, "cuda:0". Empty: the one of the same device class.
  std::string lane;
  bool again = false;  // Measure also what has a decision.
  // While another client measures a key: wait for its result. False: leave the key to it and go on;
  // the outcome is then not finished.
  bool wait = true;
  // Called on the thread in Tune, between measurements. May be empty.
  std::function<void(const LeaseEvent&)> on_event;
};

// Measures problems of the registry's ops on this machine's CPU, with the same timing core as the
// daemon's worker, and lets the daemon decide and store. One measurement at a time: calls from
// several threads take turns. A candidate that crashes ends this process: the daemon then knows
// which it was, and whoever tunes the key next goes on without it. One that hangs keeps the calling
// thread for ever, but not its lease.
class LeaseTuner final : public LocalTuner {
 public:
  // Makes the registry's ops known to the client (Client::SetLocalOps). Both outlive this.
  LeaseTuner(Client& client, const sdk::Registry& registry, LeaseTunerOptions options = {});
  ~LeaseTuner() override;
  LeaseTuner(const LeaseTuner&) = delete;
  LeaseTuner& operator=(const LeaseTuner&) = delete;

  // Tunes what is not decided yet, one problem after the other, and waits until the table answers
  // them. Over breaks of the connection and lost leases it begins again while there is time.
  TuneOutcome Tune(const std::vector<Problem>& problems, const MeasurementPolicy& policy,
                   std::chrono::milliseconds timeout) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What SetLocalOps is given: the registry's ops on this machine.
std::vector<LocalOp> LocalOpsOf(const sdk::Registry& registry);

}  // namespace tactic
