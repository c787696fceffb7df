#include "server/flags.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "proto/wire/default_socket.h"
#include "server/core/lease_types.h"
#include "server/core/status_macros.h"
#include "server/exit_codes.h"

namespace tactic {
namespace {

constexpr int kMaxDevice = 255;
constexpr uint64_t kDefaultWorkerMemoryMib = 4096;
constexpr int64_t kMinLeaseTtlMs = 100;
// Below the 40 s after which the connection of a client that is stopped counts as broken: the lease
// must be over first, so that the candidate has hung and not crashed.
constexpr int64_t kMaxLeaseTtlMs = 30'000;

// As the flags are written; what they mean is worked out once all are there.
struct RawFlags {
  std::vector<std::string> listen;
  std::string state_dir;
  std::string store = "sqlite";
  std::string table_file;
  std::string device = "auto";
  std::string worker;
  uint64_t worker_memory_mib = kDefaultWorkerMemoryMib;
  int64_t lease_ttl_ms = LeaseOptions().ttl_ms;
  std::string log_level = "info";
  std::string log_format = "text";
  int ready_fd = -1;
};

bool IsRoot() { return geteuid() == 0; }

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string DefaultStateDir() {
  if (IsRoot()) return "/var/lib/tacticd";
  const std::string state = Environment("XDG_STATE_HOME");
  if (!state.empty()) return absl::StrCat(state, "/tacticd");
  return absl::StrCat(Environment("HOME"), "/.local/state/tacticd");
}

std::string DefaultWorker() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "tacticd-worker").string();
}

void Declare(CLI::App& app, RawFlags& raw) {
  app.allow_config_extras(false);  // A misspelt name is an error, not a default.
  app.set_version_flag("--version", "tacticd " TACTIC_VERSION);
  app.set_config("--config", "", "File with these flags as name = value (deploy/tacticd.toml)");
  app.add_option("--listen", raw.listen,
                 "unix:/path, 127.0.0.1:port, localhost:port or [::1]:port; may be repeated "
                 "[unix:<runtime directory>/tacticd/tacticd.sock]")
      ->expected(1)
      ->take_all();
  app.add_option("--state-dir", raw.state_dir,
                 "Directory of the database [$XDG_STATE_HOME/tacticd; root: /var/lib/tacticd]");
  app.add_option("--store", raw.store, "sqlite, or memory: nothing survives [sqlite]")
      ->check(CLI::IsMember({"sqlite", "memory"}));
  app.add_option("--table-file", raw.table_file,
                 "Keep all decisions in this file, for programs to map; none: keep no such file "
                 "[beside the first unix socket, ending in .table]");
  app.add_option("--device", raw.device,
                 "What to measure: host, a GPU (0), GPUs (0-7 or 0,2), all, auto [auto]");
  app.add_option("--worker", raw.worker, "The worker program [tacticd-worker beside tacticd]");
  app.add_option("--worker-memory", raw.worker_memory_mib,
                 "MiB of host memory the worker of the host lane may have; 0: no limit [4096]");
  app.add_option("--lease-ttl", raw.lease_ttl_ms,
                 "Milliseconds that a client's lease lasts without a sign of life [15000]")
      ->check(CLI::Range(kMinLeaseTtlMs, kMaxLeaseTtlMs));
  app.add_option("--log-level", raw.log_level, "debug, info, warning, error [info]")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--log-format", raw.log_format, "text or json [text]")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--ready-fd", raw.ready_fd,
                 "Write READY and a newline to this open descriptor once serving")
      ->check(CLI::Range(0, 1 << 20));
}

std::optional<int> ParseNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 0 && number <= kMaxDevice ? std::optional(number) : std::nullopt;
}

// "0" or "0-7", into `devices`. False: neither, or one that is there already.
bool AddRange(std::string_view part, std::set<int>& devices) {
  const size_t dash = part.find('-');
  const std::optional<int> first = ParseNumber(part.substr(0, dash));
  const std::optional<int> last =
      dash == std::string_view::npos ? first : ParseNumber(part.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  for (int device = *first; device <= *last; ++device) {
    if (!devices.insert(device).second) return false;
  }
  return true;
}

absl::Status AddRanges(std::string_view device, std::set<int>& devices) {
  for (std::string_view rest = device;;) {
    const size_t comma = rest.find(',');
    if (!AddRange(rest.substr(0, comma), devices)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--device: '", std::string(device),
                       "' is no device; must be host, auto, all, or numbers ", "of 0 .. ",
                       kMaxDevice, " such as 0, 0-7 or 0,2-3, each once"));
    }
    if (comma == std::string_view::npos) return absl::OkStatus();
    rest.remove_prefix(comma + 1);
  }
}

ParsedFlags Resolve(RawFlags raw) {
  absl::StatusOr<std::vector<std::string>> lanes = LanesOfDevice(raw.device, FindGpus());
  if (!lanes.ok()) {
    const bool usage = absl::IsInvalidArgument(lanes.status());
    return {std::nullopt, usage ? kExitUsage : kExitConfiguration,
            absl::StrCat("tacticd: ", lanes.status().message())};
  }
  // One that was named must be there; one that is merely missing leaves a daemon that serves reads.
  if (!raw.worker.empty() && access(raw.worker.c_str(), X_OK) != 0) {
    return {std::nullopt, kExitConfiguration,
            absl::StrCat("tacticd: --worker: '", raw.worker,
                         "' is no program that this user can run: ", std::strerror(errno))};
  }
  // Not open, it would become one of ours, and be written to and closed.
  if (raw.ready_fd >= 0 && fcntl(raw.ready_fd, F_GETFD) < 0) {
    return {std::nullopt, kExitUsage,
            absl::StrCat("tacticd: --ready-fd: ", raw.ready_fd, " is not open")};
  }
  Flags flags;
  flags.listen = raw.listen.empty() ? std::vector{"unix:" + wire::DefaultSocketPath()} : raw.listen;
  flags.state_dir = raw.state_dir.empty() ? DefaultStateDir() : raw.state_dir;
  flags.memory_store = raw.store == "memory";
  flags.table_file = std::move(raw.table_file);
  if (flags.table_file == "none") flags.table_file.reset();
  flags.lanes = *std::move(lanes);
  flags.worker = raw.worker.empty() ? DefaultWorker() : raw.worker;
  flags.worker_memory_mib = raw.worker_memory_mib;
  flags.lease_ttl_ms = raw.lease_ttl_ms;
  flags.log_level = *ParseLogLevel(raw.log_level);
  flags.log_format = *ParseLogFormat(raw.log_format);
  flags.ready_fd = raw.ready_fd;
  return {std::move(flags), kExitOk, ""};
}

}  // namespace

Gpus FindGpus() {
  Gpus gpus;
#ifdef TACTIC_HAVE_CUDA
  gpus.in_build = true;
#endif
  for (int device = 0; device <= kMaxDevice; ++device) {
    if (access(absl::StrCat("/dev/nvidia", device).c_str(), F_OK) == 0) {
      gpus.present.push_back(device);
    }
  }
  return gpus;
}

absl::StatusOr<std::vector<std::string>> LanesOfDevice(std::string_view device, const Gpus& gpus) {
  const bool some = gpus.in_build && !gpus.present.empty();
  if (device == "host" || (device == "auto" && !some)) return std::vector<std::string>{"host"};
  const std::string text(device);
  std::set<int> devices;
  if (device == "all" || device == "auto") {
    devices.insert(gpus.present.begin(), gpus.present.end());
  } else {
    RETURN_IF_ERROR(AddRanges(device, devices));
  }
  if (!gpus.in_build) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--device: '", text, "' names GPUs, but this build has no CUDA lane; use --device=host"));
  }
  if (devices.empty()) {
    return absl::FailedPreconditionError(
        "--device: 'all', but this machine has no NVIDIA GPU (no /dev/nvidia0, ...); use "
        "--device=host");
  }
  std::vector<std::string> lanes;
  for (const int index : devices) lanes.push_back(absl::StrCat("cuda:", index));
  return lanes;
}

ParsedFlags ParseFlags(int argc, const char* const* argv) {
  RawFlags raw;
  CLI::App app("tacticd tunes kernels and keeps what is fastest. docs/operations.md");
  Declare(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, kExitOk, app.help()};
  } catch (const CLI::CallForVersion& version) {
    return {std::nullopt, kExitOk, absl::StrCat(version.what(), "\n")};
  } catch (const CLI::FileError& error) {
    return {std::nullopt, kExitConfiguration, absl::StrCat("tacticd: ", error.what(), "\n")};
  } catch (const CLI::ConfigError& error) {
    return {std::nullopt, kExitConfiguration,
            absl::StrCat("tacticd: config file ", app.get_config_ptr()->as<std::string>(), ": ",
                         error.what(), "\n")};
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, kExitUsage,
            absl::StrCat("tacticd: ", error.what(), "\nRun tacticd --help for the flags.\n")};
  }
  ParsedFlags parsed = Resolve(std::move(raw));
  if (!parsed.message.empty()) parsed.message += "\n";
  return parsed;
}

}  // namespace tactic
