// The worker: measures candidates for one supervisor. Meant to be lost: a candidate may crash it,
// hang it or write over its memory; whoever supervises it learns from the launch journal which
// candidate ran.
#pragma once

#include "runners/worker/channel.h"
#include "runners/worker/journal.h"
#include "tactic/model/key.h"
#include "tactic/sdk/runner.h"

namespace tactic {

// Exit codes, of sysexits.h.
inline constexpr int kExitOk = 0;         // The supervisor closed the channel.
inline constexpr int kExitUsage = 64;     // Arguments that make no sense.
inline constexpr int kExitProtocol = 76;  // The supervisor sent what is no message.
inline constexpr int kExitBadConfig =
    78;  // A device that this build cannot measure. Final: do not restart.

// Announces `device` and the ops of `registry`, then does what comes over `channel`, one run at a
// time, until it closes. Returns the exit code. Single-threaded.
int Serve(Channel& channel, Journal& journal, const sdk::Registry& registry,
          const DeviceClass& device);

// The whole program: reads the arguments, makes the process fit to run untrusted kernels (dies with
// its parent, signals and limits reset, standard output away from the channel), registers the
// runners and serves. Returns the exit code. Changes the process, so that nothing else can live in
// it.
int RunWorker(int argc, char** argv, void (*register_runners)(sdk::Registry&));

}  // namespace tactic
