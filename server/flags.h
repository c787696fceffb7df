// tacticd's command line and configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/log/log.h"

namespace tactic {

struct Flags {
  std::vector<std::string> listen;  // As ParseListenAddress takes them.
  std::string state_dir;
  // Of the table file; empty: beside the first unix socket, if there is one; nullopt: none.
  std::optional<std::string> table_file = "";
  bool memory_store = false;       // Nothing survives; state_dir is not used.
  std::vector<std::string> lanes;  // "host", "cuda:0"
  std::string worker;              // Path of the worker program.
  uint64_t worker_memory_mib = 0;  // 0 = no limit.
  int64_t lease_ttl_ms = 0;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  int ready_fd = -1;  // -1 = none.
};

struct ParsedFlags {
  std::optional<Flags> flags;
  int exit_code = 0;    // Without flags: what to exit with,
  std::string message;  // and what to print first, to stdout if the code is 0, else to stderr.
};

ParsedFlags ParseFlags(int argc, const char* const* argv);

struct Gpus {
  bool in_build = false;     // This build has a CUDA lane.
  std::vector<int> present;  // On this machine, by the driver's device files.
};
// Asks the file system only: the daemon loads no CUDA.
Gpus FindGpus();

// The lanes of --device: "host", "cuda:0". InvalidArgument: not a device or a list of them.
// FailedPrecondition: a device that this build cannot measure, or `all` of none.
absl::StatusOr<std::vector<std::string>> LanesOfDevice(std::string_view device, const Gpus& gpus);

}  // namespace tactic
