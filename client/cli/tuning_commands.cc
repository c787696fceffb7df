// The command line of the commands that tune, and show what was tuned.
#include "client/cli/command_line.h"

namespace tactic::cli {
namespace {

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

}  // namespace

void AddTuningCommands(CLI::App& app, Invocation& invocation) {
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
}

}  // namespace tactic::cli
