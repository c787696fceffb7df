// Records what Watch calls of this process ask and are sent, between gRPC and whoever reads.
#pragma once

#include <vector>

#include "tests/watch/frame_checks.h"

namespace tactic::testing {

// From now on every Watch call of channels that are made later is recorded. Once in a process.
void RecordWatchCalls();

// The calls since it was last asked, in order of their beginning. None may be under way.
std::vector<RecordedStream> TakeRecordedStreams();

}  // namespace tactic::testing
