// tacticctl: the command line of tacticd. This file reads flags; the commands are in their own.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

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

// What the flags said, and what to do then.
struct Invocation {
  Settings settings;
  std::string timeout = "10s";
  TuneFlags tune;
  ProblemFlags lookup;
  ProfilesFlags profiles;
  ShowFlags show;
  ListFlags list;
  MissesFlags misses;
  VerifyFlags verify;
  TraceFlags trace;
  WatchFlags watch;
  FollowFlags follow;
  std::string table_file;
  uint32_t job_limit = 0;
  std::string cancel_id;
  JobsWatchFlags jobs_watch;
  ExportFlags export_to;
  ImportFlags import_from;
  std::function<Result<int>()> run;
};

// A flag with a value, called `type` in the help.
template <typename T>
CLI::Option* AddValue(CLI::App* app, const std::string& name, const std::string& type, T& value,
                      const std::string& help) {
  // Not greedy: `--layout b=col_major gemm` has one layout.
  return app->add_option(name, value, help)->type_name(type)->allow_extra_args(false);
}

void AddCommon(CLI::App* app, Invocation& invocation) {
  AddValue(app, "--target", "TARGET", invocation.settings.target,
           "The daemon's unix:/path or host:port (default: $TACTICD_TARGET, else its own default)");
  app->add_flag("--json", invocation.settings.json, "JSON on standard output");
  AddValue(app, "--timeout", "DURATION", invocation.timeout,
           "Longest wait for one answer of the daemon: 500ms, 1m (default 10s)");
}

void AddProblem(CLI::App* app, ProblemFlags& flags) {
  AddValue(app, "--dim", "NAME=SPEC", flags.dims,
           "As --NAME SPEC, the flag that each dimension of the op has");
  AddValue(app, "--shapes", "N=1,K=2", flags.shapes, "Sizes that go together; may be repeated");
  AddValue(app, "--dtype", "TYPE", flags.dtype, "Element type (default: the op's first)");
  AddValue(app, "--layout", "INPUT=LAYOUT", flags.layouts,
           "row_major or col_major, of an input; may be repeated");
  AddValue(app, "--attr", "NAME=VALUE", flags.attributes, "An attribute; may be repeated");
  AddValue(app, "--policy", "CACHE", flags.cache,
           "What the caches hold: weights_cold (default), all_cold or warm");
  AddValue(app, "--budget", "DURATION", flags.budget,
           "Soft limit of measuring one problem; decisions are kept by it");
}

void AddJob(CLI::App* app, JobFlags& flags) {
  AddValue(app, "--deadline", "DURATION", flags.deadline, "End the job after this long: 3m");
  app->add_flag("--detach", flags.detach, "Print the job's id and return at once");
  app->add_flag("--cancel-on-interrupt", flags.cancel_on_interrupt,
                "Ctrl-C ends the job; without this it goes on in the daemon");
}

void AddTune(CLI::App& app, Invocation& invocation) {
  TuneFlags& flags = invocation.tune;
  CLI::App* tune = app.add_subcommand("tune", "Measure problems and decide; show progress");
  tune->add_option("OP", flags.problems.op, "The op; tacticctl info lists them")
      ->type_name("")
      ->required();
  AddProblem(tune, flags.problems);
  AddValue(tune, "--runners", "A,B", flags.runners, "Only these runners")->delimiter(',');
  tune->add_flag("--again", flags.again, "Measure also what is decided already");
  AddJob(tune, flags.job);
  AddCommon(tune, invocation);
  tune->footer(
      "Every dimension of the op is a flag of its own: --m, --n, … SPEC is a size (2048), a list\n"
      "(1,2,8), or a range (1..512:pow2, 64..256:64). All combinations are tuned, the last\n"
      "dimension given varying fastest.\n\n"
      "Examples:\n"
      "  tacticctl tune gemm --m 1..512:pow2 --n 2048 --k 2048 --dtype f32\n"
      "  tacticctl tune gemm --m 1..64:pow2 --shapes n=512,k=2048 --shapes n=8192,k=2048\n"
      "  tacticctl tune gemm --m 16 --n 2048 --k 2048 --layout b=col_major --again\n"
      "  tacticctl tune softmax --rows 1,64 --cols 4096 --policy warm --deadline 2m\n");
  tune->callback([&invocation] {
    invocation.run = [&] { return RunTune(invocation.settings, invocation.tune); };
  });
}

void AddLookup(CLI::App& app, Invocation& invocation) {
  CLI::App* lookup = app.add_subcommand("lookup", "The standing decision for one problem");
  lookup->add_option("OP", invocation.lookup.op, "The op")->type_name("")->required();
  AddProblem(lookup, invocation.lookup);
  AddCommon(lookup, invocation);
  lookup->footer("Example:\n  tacticctl lookup gemm --m 16 --n 2048 --k 2048\n");
  lookup->callback([&invocation] {
    invocation.run = [&] { return RunLookup(invocation.settings, invocation.lookup); };
  });
}

void AddProfiles(CLI::App& app, Invocation& invocation) {
  ProfilesFlags& flags = invocation.profiles;
  CLI::App* profiles = app.add_subcommand(
      "profiles", "Which profiles a spec of dynamic dimensions tunes, and which one a size finds");
  profiles->add_option("OP", flags.op, "The op")->type_name("")->required();
  AddValue(profiles, "--dim", "NAME=SIZE", flags.dims, "As --NAME SIZE: the sizes at hand");
  AddValue(profiles, "--dynamic", "NAME=BUCKETS/MAPPER", flags.dynamic,
           "A dynamic dimension; may be repeated");
  AddValue(profiles, "--tune-max", "SIZE", flags.tune_max,
           "Dynamic dimensions saturate here: mapped, then clamped");
  AddValue(profiles, "--at", "NAME=SPEC", flags.at, "Sizes to look up; may be repeated");
  AddValue(profiles, "--input", "NAME,NAME", flags.inputs,
           "The dimensions of each input, in order; then no daemon is asked");
  profiles->add_flag("--ancestor", flags.ancestor,
                     "Accept dimensions of which sizes can never hit, as the ancestor does");
  AddCommon(profiles, invocation);
  profiles->footer(
      "BUCKETS: pow2 (default), last_pow2, multiples:N, sizes (16,64 or 8..64:8), or met: only "
      "the\n"
      "size at hand. MAPPER: identity, next_pow2, last_pow2, round_up:N, floor_div:N, "
      "floor_to[:LIST]\n"
      "or ceil_to[:LIST]; without it the one that fits the buckets. Nothing is measured.\n\n"
      "Examples:\n"
      "  tacticctl profiles gemm --m 5 --n 64 --k 64 --dynamic m --at m=1..10\n"
      "  tacticctl profiles gemm --input m,k --input k,n --m 100 --n 64 --k 64 \\\n"
      "      --dynamic m=16,64/next_pow2 --tune-max 32 --at m=20\n");
  profiles->callback([&invocation] {
    invocation.run = [&] { return RunProfiles(invocation.settings, invocation.profiles); };
  });
}

void AddList(CLI::App& app, Invocation& invocation) {
  CLI::App* list = app.add_subcommand("list", "All standing decisions");
  AddValue(list, "--op", "A,B", invocation.list.ops, "Only these ops")->delimiter(',');
  AddCommon(list, invocation);
  list->footer("Example:\n  tacticctl list --op gemm --json | jq '.[].pick'\n");
  list->callback([&invocation] {
    invocation.run = [&] { return RunList(invocation.settings, invocation.list); };
  });
}

void AddShow(CLI::App& app, Invocation& invocation) {
  CLI::App* show = app.add_subcommand("show", "A decision with everything measured for it");
  show->add_option("WHAT", invocation.show.problem.op, "A decision's id, or an op")
      ->type_name("")
      ->required();
  AddProblem(show, invocation.show.problem);
  show->add_flag("--all", invocation.show.all, "Every trial, not only the first 20");
  AddCommon(show, invocation);
  show->footer(
      "The picture of a trial: ├──━━▇━━──┤ is smallest, quartiles, median (▇) and largest sample,\n"
      "on one logarithmic axis for all.\n\n"
      "Examples:\n  tacticctl show 12\n  tacticctl show gemm --m 16 --n 2048 --k 2048 --all\n");
  show->callback([&invocation] {
    invocation.run = [&] { return RunShow(invocation.settings, invocation.show); };
  });
}

void AddJobs(CLI::App& app, Invocation& invocation) {
  CLI::App* jobs = app.add_subcommand("jobs", "Jobs, newest first; cancel or watch one");
  jobs->require_subcommand(0, 1);
  AddValue(jobs, "--limit", "N", invocation.job_limit, "At most this many: 1 to 1000 (default 100)")
      ->check(CLI::Range(1, 1000).description(""));
  AddCommon(jobs, invocation);
  jobs->footer(
      "Examples:\n  tacticctl jobs\n  tacticctl jobs watch j-3\n  tacticctl jobs cancel j-3\n");
  CLI::App* cancel = jobs->add_subcommand("cancel", "End a job; decisions already made stay");
  cancel->add_option("ID", invocation.cancel_id, "The job")->type_name("")->required();
  AddCommon(cancel, invocation);
  CLI::App* watch = jobs->add_subcommand("watch", "Follow a job to its end");
  watch->add_option("ID", invocation.jobs_watch.id, "The job")->type_name("")->required();
  watch->add_flag("--cancel-on-interrupt", invocation.jobs_watch.cancel_on_interrupt,
                  "Ctrl-C ends the job; without this it goes on in the daemon");
  AddCommon(watch, invocation);
  watch->footer("With --json: a line for each state of the job.");
  jobs->callback([&invocation, cancel, watch] {
    invocation.run = [&invocation, cancelling = cancel->parsed(), watching = watch->parsed()] {
      if (cancelling) return RunJobsCancel(invocation.settings, invocation.cancel_id);
      if (watching) return RunJobsWatch(invocation.settings, invocation.jobs_watch);
      return RunJobs(invocation.settings, invocation.job_limit);
    };
  });
}

void AddMisses(CLI::App& app, Invocation& invocation) {
  MissesFlags& flags = invocation.misses;
  CLI::App* misses =
      app.add_subcommand("misses", "Calls of programs that no decision answered; tune them");
  AddValue(misses, "--op", "A,B", flags.ops, "Only these ops")->delimiter(',');
  misses->add_flag("--undecided", flags.undecided, "Only what no decision answers by now");
  CLI::Option* tune =
      misses->add_flag("--tune", flags.tune, "Tune the problems that no decision answers");
  AddJob(misses, flags.job);
  for (const char* of_a_job : {"--deadline", "--detach", "--cancel-on-interrupt"}) {
    misses->get_option(of_a_job)->needs(tune);
  }
  AddCommon(misses, invocation);
  misses->footer(
      "Programs report what they miss in the background, at its real sizes; the daemon keeps the\n"
      "4096 distinct calls seen last.\n\n"
      "Examples:\n  tacticctl misses --op gemm\n  tacticctl misses --tune --deadline 10m\n");
  misses->callback([&invocation] {
    invocation.run = [&] { return RunMisses(invocation.settings, invocation.misses); };
  });
}

void AddVerify(CLI::App& app, Invocation& invocation) {
  VerifyFlags& flags = invocation.verify;
  CLI::App* verify = app.add_subcommand(
      "verify", "Measure standing decisions again, longer; report regret and drift");
  verify->add_option("ID", flags.ids, "Decisions (default: all that stand)")->type_name("");
  AddValue(verify, "--op", "A,B", flags.ops, "Only these ops")->delimiter(',');
  AddJob(verify, flags.job);
  AddCommon(verify, invocation);
  verify->footer(
      "The daemon measures in the background: whatever else is to be tuned comes first. Drift is\n"
      "what the pick takes now against what it took when it was chosen; regret is what it takes\n"
      "over the best candidate, measured side by side. A decision is superseded only by what is\n"
      "faster outside the zone of indifference.\n\n"
      "Examples:\n"
      "  tacticctl verify --op gemm\n"
      "  tacticctl verify 12 17\n"
      "  tacticctl verify --detach --deadline 1h\n");
  verify->callback([&invocation] {
    invocation.run = [&] { return RunVerify(invocation.settings, invocation.verify); };
  });
}

void AddTrace(CLI::App& app, Invocation& invocation) {
  TraceFlags& flags = invocation.trace;
  CLI::App* trace =
      app.add_subcommand("trace", "The samples behind decisions of one op as CSV, for race_replay");
  trace->add_option("ID", flags.ids, "Decisions (default: all that stand)")->type_name("");
  AddValue(trace, "--op", "OP", flags.ops, "Of this op");
  AddCommon(trace, invocation);
  trace->footer(
      "One row a candidate: mode,m,n,k,candidate,runner,its settings,samples in microseconds by\n"
      "round. Of an op that is not gemm, m, n and k are its first three dimensions. What a\n"
      "worker measured that died during the contest is left out: its rounds are not comparable.\n\n"
      "Example:\n"
      "  tacticctl trace --op gemm > gemm.csv && race_replay gemm.csv\n");
  trace->callback([&invocation] {
    invocation.run = [&] { return RunTrace(invocation.settings, invocation.trace); };
  });
}

void AddWatch(CLI::App& app, Invocation& invocation) {
  WatchFlags& flags = invocation.watch;
  CLI::App* watch = app.add_subcommand("watch", "Changes of decisions as they come");
  AddValue(watch, "--op", "A,B", flags.ops, "Only these ops")->delimiter(',');
  watch->add_flag("--standing", flags.standing, "Show first the decisions that stand already");
  AddValue(watch, "--count", "N", flags.count, "End after this many decisions");
  AddValue(watch, "--silence", "DURATION", flags.silence,
           "Connect again when the daemon says nothing for this long (it says something every 5s)");
  AddCommon(watch, invocation);
  watch->footer(
      "With --json: a line for each decision.\n\nExample:\n  tacticctl watch --op gemm --json\n");
  watch->callback([&invocation] {
    invocation.run = [&] { return RunWatch(invocation.settings, invocation.watch); };
  });
}

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
  AddTune(app, invocation);
  AddLookup(app, invocation);
  AddProfiles(app, invocation);
  AddList(app, invocation);
  AddShow(app, invocation);
  AddJobs(app, invocation);
  AddMisses(app, invocation);
  AddVerify(app, invocation);
  AddTrace(app, invocation);
  AddWatch(app, invocation);
  AddFollow(app, invocation);
  AddTable(app, invocation);
  AddExport(app, invocation);
  AddImport(app, invocation);
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
