// The worker: measures candidates for one supervisor. Meant to be lost: a candidate may crash it,
// hang it or write over its memory; whoever supervises it learns from the launch journal which
// candidate ran.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runners/timing/device_session.h"
#include "runners/worker/channel.h"
#include "runners/worker/journal.h"
#include "tactic/model/result.h"
#include "tactic/sdk/runner.h"

namespace tactic {

// Exit codes, of sysexits.h.
inline constexpr int kExitOk = 0;           // The supervisor closed the channel.
inline constexpr int kExitUsage = 64;       // Arguments that make no sense.
inline constexpr int kExitDeviceLost = 70;  // A candidate ended this process's use of the device.
inline constexpr int kExitProtocol = 76;    // The supervisor sent what is no message.
inline constexpr int kExitBadConfig =
    78;  // A device that this build cannot measure. Final: do not restart.

// Announces the session's device and the ops of `registry`, then does what comes over `channel`,
// one run at a time, until it closes. Returns the exit code. Single-threaded.
int Serve(Channel& channel, Journal& journal, const sdk::Registry& registry,
          timing::DeviceSession& session);

// A kind of device that a worker program can measure on, and its runners.
struct DeviceSupport {
  std::string_view kind;  // "host", "cuda": --device is that, or that, a colon and an index.
  // Makes the device ready for this process. FailedPrecondition says why it is not usable.
  Result<std::unique_ptr<timing::DeviceSession>> (*open)(int index);
  void (*register_runners)(sdk::Registry&);  // Called with the device open.
};
// This machine's CPU, with these runners.
DeviceSupport HostSupport(void (*register_runners)(sdk::Registry&));

// The whole program: reads the arguments, makes the process fit to run untrusted kernels (dies with
// its parent, signals and limits reset, standard output away from the channel), opens the device,
// registers the runners and serves. Returns the exit code. Changes the process, so that nothing
// else can live in it.
int RunWorker(int argc, char** argv, const std::vector<DeviceSupport>& devices);

}  // namespace tactic
