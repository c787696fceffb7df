#include "client/cli/command_line.h"

namespace tactic::cli {

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

}  // namespace tactic::cli
