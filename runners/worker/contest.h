// One run: from the supervisor's Run message to Finished.
#pragma once

#include "runners/timing/device_session.h"
#include "runners/worker/channel.h"
#include "runners/worker/journal.h"
#include "tactic/sdk/runner.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

// What runs of one worker share.
struct WorkerContext {
  Channel& channel;
  Journal& journal;
  const sdk::Registry& registry;
  timing::DeviceSession& session;
};

// Does the run and answers it: Candidates, Observed and WorkerProgress as it goes, Finished. A
// request that cannot be done is answered with the error in Candidates and Finished. Gives up
// early, without an answer, once the channel is closed.
void DoRun(const v1::Run& request, const WorkerContext& context);

}  // namespace tactic
