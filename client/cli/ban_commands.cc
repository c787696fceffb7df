// The command line of the commands that ban kernels.
#include "client/cli/command_line.h"

namespace tactic::cli {
namespace {

void AddBanned(CLI::App* app, BanFlags& flags) {
  AddValue(app, "--runner", "NAME[@ID]", flags.runner,
           "The runner; without its unique id the one that is known by this name")
      ->required();
  AddValue(app, "--tactic", "JSON", flags.tactic,
           "Only this tactic, as lookup --json prints it, or \"default\" (without: every tactic)");
  AddValue(app, "--op", "OP", flags.op, "Only of this op (without: of every op)");
}

void AddBan(CLI::App& app, Invocation& invocation) {
  CLI::App* ban = app.add_subcommand("ban", "Say that a kernel must not be run");
  AddBanned(ban, invocation.ban);
  AddValue(ban, "--reason", "TEXT", invocation.ban.reason, "Why, for others to read")->required();
  AddCommon(ban, invocation);
  ban->footer(
      "Every client leaves it out as soon as it hears of it, and goes on with the next candidate\n"
      "of each decision. A ban lasts until tacticctl unban, over restarts of the daemon.\n\n"
      "Examples:\n"
      "  tacticctl ban --runner cublaslt --reason \"wrong results since the driver's update\"\n"
      "  tacticctl ban --runner host_blocked@2 --op gemm --tactic '{\"kc\":256,\"mc\":96}' \\\n"
      "      --reason crashes\n");
  ban->callback([&invocation] {
    invocation.run = [&] { return RunBan(invocation.settings, invocation.ban); };
  });
}

void AddUnban(CLI::App& app, Invocation& invocation) {
  CLI::App* unban = app.add_subcommand("unban", "Take a ban back");
  AddBanned(unban, invocation.ban);
  AddCommon(unban, invocation);
  unban->footer(
      "Takes back exactly what was banned: with the same --tactic and --op, or without.\n\n"
      "Example:\n  tacticctl unban --runner cublaslt\n");
  unban->callback([&invocation] {
    invocation.run = [&] { return RunUnban(invocation.settings, invocation.ban); };
  });
}

void AddBans(CLI::App& app, Invocation& invocation) {
  CLI::App* bans = app.add_subcommand("bans", "What must not be run, and why");
  AddCommon(bans, invocation);
  bans->callback([&invocation] { invocation.run = [&] { return RunBans(invocation.settings); }; });
}

}  // namespace

void AddBanCommands(CLI::App& app, Invocation& invocation) {
  AddBan(app, invocation);
  AddUnban(app, invocation);
  AddBans(app, invocation);
}

}  // namespace tactic::cli
