// What of the machine decides which host tactics there are.
#pragma once

#include "tactic/sdk/host.h"

namespace tactic {

struct HostMachine {
  sdk::VectorSet vectors = sdk::VectorSet::kSse2;
  int cores = 1;
  static HostMachine Detect() { return {sdk::HostVectorSet(), sdk::HostThreads()}; }
};

}  // namespace tactic
