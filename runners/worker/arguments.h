// The worker's command line.
#pragma once

#include <string>

#include "tactic/model/result.h"

namespace tactic {

struct WorkerArguments {
  bool help = false;
  bool version = false;
  int channel_fd = -1;
  int journal_fd = -1;
  std::string device = "host";
};

// InvalidArgument names the argument and what it takes. With `help` or `version` the rest is not
// checked.
Result<WorkerArguments> ParseWorkerArguments(int argc, const char* const* argv);

// What --help prints.
std::string WorkerUsage();

}  // namespace tactic
