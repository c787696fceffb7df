// Replays a recorded trace: how well a policy chooses, and at what cost. docs/measurement.md says
// how it is judged and shows what came out.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "bench/gzip_file.h"
#include "bench/replay.h"
#include "bench/replay_constants.h"
#include "bench/replay_summary.h"

namespace tactic::bench {
namespace {

constexpr size_t kTraceBytes = size_t{1} << 30;
constexpr int kBadTrace = 1;
constexpr int kUsage = 2;

constexpr char kAbout[] =
    "Replays recorded timings of kernel candidates and judges how a policy chooses among them.\n"
    "\n"
    "TRACE: comma-separated text, plain or gzip, one row a candidate:\n"
    "  "
    "mode,m,n,k,candidate,algo_id,tile,stages,splitk,swizzle,custom,cluster,workspace,samples...\n"
    "The policy reads every other round; the truth is the median of the rest, and the other way\n"
    "round. Cost: recorded launches, the validated one included, and --overhead-us a sample,\n"
    "over that of the fixed-count procedure (14 launches a candidate, 4 if one takes over 1 ms,\n"
    "and 200 us), mean over problems.";

constexpr char kFooter[] =
    "Exit: 0 done; 1 the trace cannot be read, or has no problem of that mode; 2 wrong usage.";

struct Arguments {
  std::string trace;
  std::string mode = "all";
  std::string policy = "race";
  std::vector<std::string> set;
  bool json = false;
  bool sensitivity = false;
  bool each = false;
  ReplayOptions replay;
};

int Complain(int code, const std::string& what) {
  std::fprintf(stderr, "race_replay: %s\n", what.c_str());
  return code;
}

void Describe(CLI::App& app, Arguments& arguments) {
  std::set<std::string> policies;
  for (const auto& [name, policy] : kPolicies) policies.emplace(name);
  app.description(kAbout);
  app.footer(kFooter);
  app.add_option("trace", arguments.trace, "The recording")->required()->option_text("TRACE");
  app.add_option("--mode", arguments.mode, "cold, warm, another mode of the trace, or all")
      ->capture_default_str();
  app.add_option("--policy", arguments.policy, "Who chooses")
      ->check(CLI::IsMember(policies))
      ->capture_default_str();
  app.add_flag("--sweep", arguments.replay.sweep,
               "Problems of the same n and k in the order of m, each with priors from those before "
               "(race only)");
  app.add_flag("--json", arguments.json, "One JSON object");
  app.add_flag("--each", arguments.each, "A line for each decision");
  app.add_flag("--sensitivity", arguments.sensitivity,
               "The table of each constant, halved and doubled; with --sweep, of the priors'");
  app.add_option("--set", arguments.set, "Another value of a constant of the race")
      ->option_text("NAME=VALUE ...");
  app.add_option("--overhead-us", arguments.replay.overhead_us, "Of a sample, beside its launch")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--repeats", arguments.replay.repeats, "Seeds for the repeatability")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
}

// What is wrong with the arguments beyond what the parser sees.
std::optional<std::string> Finish(Arguments& arguments) {
  for (const auto& [name, policy] : kPolicies) {
    if (name == arguments.policy) arguments.replay.policy = policy;
  }
  const bool race = arguments.replay.policy == Policy::kRace;
  if (!race && arguments.replay.sweep) return "--sweep goes with --policy race only";
  if (!race && arguments.sensitivity) return "--sensitivity goes with --policy race only";
  for (const std::string& assignment : arguments.set) {
    if (auto wrong = SetConstant(assignment, arguments.replay)) return wrong;
  }
  return std::nullopt;
}

void PrintTable(const Summary& s) {
  const auto row = [](const char* name, const std::string& value) {
    std::printf("%-44s %s\n", name, value.c_str());
  };
  const auto number = [](double value, int digits) {
    std::ostringstream text;
    text.setf(std::ios::fixed);
    text.precision(digits);
    text << value;
    return text.str();
  };
  const auto percent = [&](std::optional<double> share) {
    return share ? number(100 * *share, 2) + " %" : std::string("-");
  };
  row("problems", std::to_string(s.problems));
  row("decisions (both halves)", std::to_string(s.decisions));
  row("of these without a valid candidate", std::to_string(s.undecided));
  row("regret, mean", number(s.mean_regret_pct, 3) + " %");
  row("regret, median", number(s.median_regret_pct, 3) + " %");
  row("regret, p95", number(s.p95_regret_pct, 3) + " %");
  row("regret, max", number(s.max_regret_pct, 3) + " %");
  row("picks within 1 % of the best", percent(s.within_1pct));
  row("picks within 2 % of the best", percent(s.within_2pct));
  row("cost over the fixed-count procedure's", number(s.cost_ratio, 4));
  row("pairs of repeats within 1 %", percent(s.repeat_within_1pct));
  row("the incumbent again", percent(s.repeat_with_incumbent));
  row("truths inside the stated 95 % interval", percent(s.interval_coverage));
  row("equal candidates called different (A/A)", percent(s.aa_false_rate));
  row("candidates skipped, mean", number(s.skipped, 1));
}

void PrintEach(const std::vector<Judged>& decisions) {
  for (const Judged& judged : decisions) {
    std::printf("%-32s regret %7.3f %%  cost %.4f  repeat %.3f  incumbent %.3f  skipped %d\n",
                ToText(*judged.problem).c_str(), 100 * judged.regret, judged.cost_ratio,
                judged.repeat_within, judged.repeat_with_incumbent, judged.skipped);
  }
}

int Run(const Arguments& arguments) {
  auto text = ReadMaybeGzip(arguments.trace, kTraceBytes);
  if (!text.ok()) return Complain(kBadTrace, text.error().message);
  std::istringstream stream(*std::move(text));
  const auto trace = timing::ReadTrace(stream);
  if (!trace.ok()) return Complain(kBadTrace, arguments.trace + ": " + trace.error().message);
  std::vector<const timing::TraceProblem*> problems;
  std::set<std::string> modes;
  for (const timing::TraceProblem& problem : *trace) {
    modes.insert(problem.mode);
    if (arguments.mode == "all" || arguments.mode == problem.mode) problems.push_back(&problem);
  }
  if (problems.empty()) {
    std::string known;
    for (const std::string& mode : modes) known += (known.empty() ? "" : ", ") + mode;
    return Complain(kBadTrace, arguments.trace + ": --mode: no problem is '" + arguments.mode +
                                   "'; there are: " + known);
  }
  if (arguments.sensitivity) {
    PrintSensitivity(problems, arguments.replay);
    return 0;
  }
  const std::vector<Judged> decisions = ReplayAll(problems, arguments.replay);
  if (arguments.each) PrintEach(decisions);
  const Summary summary = Summarise(decisions);
  if (!arguments.json) {
    PrintTable(summary);
    return 0;
  }
  nlohmann::ordered_json json = ToJson(summary);
  json["bench"] = "race_replay";
  json["mode"] = arguments.mode;
  json["policy"] = arguments.policy;
  json["sweep"] = arguments.replay.sweep;
  json["overhead_us"] = arguments.replay.overhead_us;
  std::cout << json.dump() << "\n";
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app;
  Describe(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (const auto wrong = Finish(arguments)) return Complain(kUsage, *wrong);
  return Run(arguments);
}

}  // namespace
}  // namespace tactic::bench

int main(int argc, char** argv) { return tactic::bench::Main(argc, argv); }
