// The command line of the commands that write and read files.
#include <map>
#include <utility>

#include "client/cli/command_line.h"

namespace tactic::cli {
namespace {

void AddFollow(CLI::App& app, Invocation& invocation) {
  FollowFlags& flags = invocation.follow;
  CLI::App* follow = app.add_subcommand(
      "follow", "Keep a table file of all decisions, for programs of this host to map");
  follow
      ->add_option("FILE", flags.file,
                   "The file (default: $TACTICD_TABLE, else beside a daemon's default socket)")
      ->type_name("");
  follow->add_flag("--once", flags.once, "Write the file once and end");
  follow->add_flag("--same-environment", flags.same_environment,
                   "This host's device and versions are the daemon's: programs that state none use "
                   "them");
  AddCommon(follow, invocation);
  follow->footer(
      "Runs until it is interrupted; a daemon that goes away is waited for. A daemon keeps such a\n"
      "file itself: this is for hosts without one.\n\n"
      "Examples:\n"
      "  tacticctl follow --target node7:50051 --same-environment\n"
      "  tacticctl follow --once decisions.table\n");
  follow->callback([&invocation] {
    invocation.run = [&] { return RunFollow(invocation.settings, invocation.follow); };
  });
}

void AddTable(CLI::App& app, Invocation& invocation) {
  CLI::App* table = app.add_subcommand("table", "Check a table file, and print what it says");
  table
      ->add_option("FILE", invocation.table_file,
                   "The file (default: $TACTICD_TABLE, else beside the daemon's default socket)")
      ->type_name("");
  AddCommon(table, invocation);
  table->footer(
      "Asks no daemon. Exit code 0: good; 1: not to be used, and why; 4: there is none.\n\n"
      "Example:\n  tacticctl table --json | jq .revision\n");
  table->callback([&invocation] {
    invocation.run = [&] { return RunTable(invocation.settings, invocation.table_file); };
  });
}

void AddFormat(CLI::App* command, FileFormat& format, std::map<std::string, FileFormat> known) {
  std::string names;
  for (const auto& [name, value] : known) names += (names.empty() ? "" : " | ") + name;
  command->add_option("--format", format, "The file's form (default: store)")
      ->type_name(names)
      ->transform(CLI::CheckedTransformer(std::move(known)).description(""));
}

void AddExport(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("export", "Everything measured and decided, into a file");
  command->add_option("FILE", invocation.export_to.file, "The file; - for standard output")
      ->type_name("")
      ->required();
  AddFormat(command, invocation.export_to.format,
            {{"store", FileFormat::kStore}, {"tensorrt-llm", FileFormat::kTensorRtLlm}});
  AddValue(command, "--op", "OURS[=THEIRS]", invocation.export_to.ops,
           "For another program: only these ops, under these names; may be repeated");
  AddValue(command, "--map", "RUNNER=CLASS", invocation.export_to.runners,
           "For another program: its name of a runner; may be repeated");
  AddCommon(command, invocation);
  command->footer(
      "The file appears when it is complete. Jobs are not part of it.\n\n"
      "Examples:\n"
      "  tacticctl export node7.tactic\n"
      "  tacticctl export - | ssh node8 tacticctl import -\n"
      "  tacticctl export --format=tensorrt-llm --map host_blocked=BlockedRunner cache.json\n");
  command->callback([&invocation] {
    invocation.run = [&] { return RunExport(invocation.settings, invocation.export_to); };
  });
}

// Of the files of other programs.
void AddForeign(CLI::App* command, ImportFlags& flags) {
  AddValue(command, "--op", "THEIRS[=OURS]", flags.ops, "Only these ops; may be repeated");
  AddValue(command, "--map", "CLASS=RUNNER", flags.runners, "Our name of a runner; repeatable");
  AddValue(command, "--dtype", "TYPE,…", flags.dtypes,
           "Element types by input, the last one for the rest; the files do not say them")
      ->delimiter(',');
  AddValue(command, "--arch", "ARCH", flags.arch,
           "The device's: sm_90 (default: as the file says)");
  AddValue(command, "--policy", "CACHE", flags.cache,
           "What the caches held: weights_cold, all_cold or warm (default)");
  AddValue(command, "--rank", "N", flags.rank, "tensorrt-llm: only this rank's section");
  AddValue(command, "--expect", "FIELD=VALUE", flags.expected,
           "flashinfer: what the metadata must say; may be repeated");
  command->add_flag("--accept-unknown", flags.accept_unknown,
                    "flashinfer: though the metadata does not know an expected field");
}

void AddImport(CLI::App& app, Invocation& invocation) {
  ImportFlags& flags = invocation.import_from;
  CLI::App* command = app.add_subcommand("import", "Merge what another store measured and decided");
  command->add_option("FILE", flags.file, "The file; - for standard input")
      ->type_name("")
      ->required();
  command->add_flag("--dry-run", flags.dry_run, "Only say what would change");
  command->add_flag("--partial", flags.partial, "Of a damaged file: import what comes before");
  AddFormat(command, flags.format,
            {{"store", FileFormat::kStore},
             {"tensorrt-llm", FileFormat::kTensorRtLlm},
             {"flashinfer", FileFormat::kFlashInfer}});
  AddForeign(command, flags);
  AddCommon(command, invocation);
  command->footer(
      "Of two decisions for one key the better measured one stands; the other is kept and listed.\n"
      "Importing a file again changes nothing.\n\n"
      "Examples:\n"
      "  tacticctl import --dry-run node7.tactic\n"
      "  tacticctl import node7.tactic\n"
      "  tacticctl import --format=tensorrt-llm --dtype bf16 --op trtllm::gemm=gemm cache.json\n");
  command->callback([&invocation] {
    invocation.run = [&] { return RunImport(invocation.settings, invocation.import_from); };
  });
}

}  // namespace

void AddFileCommands(CLI::App& app, Invocation& invocation) {
  AddFollow(app, invocation);
  AddTable(app, invocation);
  AddExport(app, invocation);
  AddImport(app, invocation);
}

}  // namespace tactic::cli
