// tacticctl: the command line of tacticd.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/spec.h"
#include "client/link/connection.h"

namespace tactic::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 ok; 1 the daemon's or an internal error; 2 wrong command line; 3 no daemon\n"
    "answers; 4 not found, or a miss; 5 the job ended without all decisions; 130 interrupted.";

void AddGroups(CLI::App& app, Invocation& invocation) {
  CLI::App* groups = app.add_subcommand("groups", "Processes that agree on one state of the store");
  AddCommon(groups, invocation);
  groups->callback(
      [&invocation] { invocation.run = [&] { return RunGroups(invocation.settings); }; });
}

void AddInfo(CLI::App& app, Invocation& invocation) {
  CLI::App* info = app.add_subcommand("info", "The daemon, its lanes, ops and runners");
  AddCommon(info, invocation);
  info->callback([&invocation] { invocation.run = [&] { return RunInfo(invocation.settings); }; });
}

// The arguments in the order that CLI11 wants them (last first), dimension flags rewritten.
Result<std::vector<std::string>> Arguments(int argc, char** argv, const CLI::App& app) {
  std::vector<std::string> all(argv + 1, argv + argc);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] != "tune" && all[i] != "lookup" && all[i] != "show" && all[i] != "profiles")
      continue;
    const CLI::App* command = app.get_subcommand(all[i]);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    auto rest = RewriteDimFlags({first, all.end()}, [&](const std::string& flag) {
      return command->get_option_no_throw(flag) != nullptr;
    });
    if (!rest.ok()) return rest.error();
    all.erase(first, all.end());
    all.insert(all.end(), rest->begin(), rest->end());
    break;
  }
  return std::vector<std::string>(all.rbegin(), all.rend());
}

int ExitCodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kUnavailable:
      return kExitUnreachable;
    case ErrorCode::kNotFound:
      return kExitNotFound;
    default:
      return kExitError;
  }
}

int Fail(const Error& error) {
  std::fprintf(stderr, "tacticctl: %s\n", error.message.c_str());
  return ExitCodeOf(error);
}

// Reads the flags; a code if that is all there was to do.
std::optional<int> Parse(int argc, char** argv, CLI::App& app) {
  auto arguments = Arguments(argc, argv, app);
  if (!arguments.ok()) return Fail(arguments.error());
  try {
    app.parse(std::move(arguments).value());
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tacticctl: %s\nRun with --help for more.\n", error.what());
    return kExitUsage;
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  Invocation invocation;
  CLI::App app("tacticctl: asks tacticd to tune kernels, and shows what it found.", "tacticctl");
  app.set_version_flag("--version", "tacticctl " TACTIC_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  app.footer(kExitCodes);
  AddCommon(&app, invocation);
  AddTuningCommands(app, invocation);
  AddBanCommands(app, invocation);
  AddFileCommands(app, invocation);
  AddGroups(app, invocation);
  AddInfo(app, invocation);
  if (const std::optional<int> code = Parse(argc, argv, app)) return *code;

  const auto timeout = ParseDuration(invocation.timeout);
  if (!timeout.ok()) return Fail(InvalidArgument("--timeout: " + timeout.error().message));
  if (*timeout == 0) return Fail(InvalidArgument("--timeout: 0 leaves no time to answer"));
  invocation.settings.timeout = std::chrono::nanoseconds(*timeout);
  if (invocation.settings.target.empty()) invocation.settings.target = link::ResolveTarget("");
  Interrupts interrupts;
  invocation.settings.interrupts = &interrupts;
  const Result<int> code = invocation.run();
  return code.ok() ? *code : Fail(code.error());
}

}  // namespace
}  // namespace tactic::cli

int main(int argc, char** argv) { return tactic::cli::Main(argc, argv); }
