// How well, and how fast, the race chooses on a GPU, beside the fixed-count procedure on the same
// candidates in the same run, judged by a long exhaustive measurement. One JSON object;
// docs/gpu.md says how to read it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "bench/gpu/exhaustive.h"
#include "bench/gpu/fixed_count.h"
#include "bench/gpu/phase_clock.h"
#include "bench/gpu/regret_problem.h"
#include "nlohmann/json.hpp"
#include "runners/cuda/session.h"
#include "runners/timing/contest_plan.h"
#include "runners/timing/run_race.h"
#include "tactic/cublaslt_runners.h"
#include "tactic/cuda_kernels.h"

namespace tactic::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kWithin = 0.1;  // Of the best: measured exhaustively.

struct Arguments {
  std::vector<int64_t> rows = {1, 16, 64, 256, 1024, 4096};
  std::vector<std::string> ops;
  int rounds = 200;
  int device = 0;
  int calls = 32;
};

double Round(double value, double step) { return std::round(value / step) * step; }
double Percent(double fraction) { return Round(100 * fraction, 0.001); }
double Milliseconds(double seconds) { return Round(1e3 * seconds, 0.01); }

struct ContestRun {
  int pick = -1;
  double seconds = 0;
  timing::Verdict verdict;
  PhaseClock phases;
};

// All of a contest, from operands and reference to the decision.
Result<ContestRun> RunContest(const RegretProblem& problem, timing::DeviceSession& session) {
  ContestRun run;
  timing::ContestPlan plan;
  plan.problem = problem.problem;
  plan.policy = problem.policy;
  plan.entry = problem.entry;
  plan.seed = 1;
  plan.cycle_rounds = session.rounds_of_a_cycle();
  const auto start = Clock::now();
  auto sampler = timing::MakeSampler(plan, problem.list, session, run.phases);
  if (!sampler.ok()) return sampler.error();
  timing::Race race = timing::MakeRace(plan, problem.list);
  timing::RunRace(race, **sampler, run.phases);
  run.verdict = race.Decide();
  run.pick = run.verdict.pick;
  sampler->reset();
  run.seconds = SecondsSince(start);
  return run;
}

// NaN: there is none, or the pick was not among those that are right.
double NumberOf(const ordered_json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_number() ? at->get<double>() : NAN;
}

ordered_json JudgedPick(const RegretProblem& problem, const Exhaustive& truth, int pick) {
  ordered_json json;
  if (pick < 0) return json;
  json["pick"] = problem.list.candidates[static_cast<size_t>(pick)].tactic.ToText();
  json["regret_pct"] = Percent(truth.Regret(pick));
  json["cross_regret_pct"] = Percent(truth.CrossRegret(pick));
  return json;
}

ordered_json Describe(const RegretProblem& problem, const Exhaustive& truth,
                      const ContestRun& contest, const FixedCountResult& fixed) {
  ordered_json json = {{"problem", problem.name},
                       {"candidates", problem.list.candidates.size()},
                       {"valid", truth.valid()},
                       {"within_10_pct", truth.near()},
                       {"best_us", Round(1e-3 * truth.BestNs(), 0.001)}};
  json["default_regret_pct"] = Percent(truth.Regret(0));
  for (const double regret : truth.RegretByPlace(0)) {
    json["default_regret_by_place_pct"].push_back(Percent(regret));
  }
  ordered_json ours = JudgedPick(problem, truth, contest.pick);
  ours["reason"] = std::string(Name(contest.verdict.reason));
  ours["tied"] = contest.verdict.tied;
  ours["wall_ms"] = Milliseconds(contest.seconds);
  using timing::LaunchPhase;
  const std::pair<const char*, LaunchPhase> phases[] = {{"operands_ms", LaunchPhase::kReference},
                                                        {"prepare_ms", LaunchPhase::kPrepare},
                                                        {"validate_ms", LaunchPhase::kValidate},
                                                        {"sample_ms", LaunchPhase::kSample}};
  for (const auto& [name, phase] : phases) {
    ours[name] = Milliseconds(contest.phases.Of(phase));
  }
  json["contest"] = std::move(ours);
  ordered_json theirs = JudgedPick(problem, truth, fixed.pick);
  theirs["wall_ms"] = Milliseconds(fixed.seconds);
  theirs["launches"] = fixed.launches;
  json["fixed_count"] = std::move(theirs);
  json["wall_ratio"] = Round(contest.seconds / fixed.seconds, 0.001);
  return json;
}

// {} if the problem cannot be measured here, told on standard error.
ordered_json Judge(const RegretProblem& problem, timing::DeviceSession& session, int rounds,
                   bool contest_first) {
  auto truth = Exhaustive::Create(problem, session);
  if (!truth.ok()) {
    std::fprintf(stderr, "%s\n", truth.error().message.c_str());
    return {};
  }
  FixedCountResult fixed;
  const auto run_fixed = [&] { fixed = RunFixedCount(problem, session.device().cache_bytes); };
  if (!contest_first) run_fixed();
  const Result<ContestRun> contest = RunContest(problem, session);
  if (contest_first) run_fixed();
  if (!contest.ok()) {
    std::fprintf(stderr, "%s: %s\n", problem.name.c_str(), contest.error().message.c_str());
    return {};
  }
  (*truth)->Measure(rounds, kWithin, {0, contest->pick, fixed.pick});
  const ordered_json json = Describe(problem, **truth, *contest, fixed);
  std::fprintf(
      stderr, "%-44s ours %6.3f %% %8.1f ms, fixed count %6.3f %% %8.1f ms\n", problem.name.c_str(),
      NumberOf(json["contest"], "regret_pct"), json["contest"]["wall_ms"].get<double>(),
      NumberOf(json["fixed_count"], "regret_pct"), json["fixed_count"]["wall_ms"].get<double>());
  return json;
}

ordered_json RegretsOf(const std::vector<ordered_json>& problems, const char* who) {
  std::vector<double> regrets;
  double cross = 0;
  double wall_ms = 0;
  for (const ordered_json& problem : problems) {
    regrets.push_back(NumberOf(problem[who], "regret_pct"));
    cross += NumberOf(problem[who], "cross_regret_pct");
    wall_ms += problem[who]["wall_ms"].get<double>();
  }
  std::sort(regrets.begin(), regrets.end());
  const auto count = static_cast<double>(regrets.size());
  double sum = 0;
  for (const double regret : regrets) sum += regret;
  const auto p95 = static_cast<size_t>(std::ceil(0.95 * count)) - 1;
  return {{"mean_regret_pct", Round(sum / count, 0.001)},
          {"mean_cross_regret_pct", Round(cross / count, 0.001)},
          {"p95_regret_pct", regrets[p95]},
          {"max_regret_pct", regrets.back()},
          {"wall_ms", Round(wall_ms, 0.1)}};
}

ordered_json Summarise(const std::vector<ordered_json>& problems) {
  ordered_json json = {{"problems", problems.size()},
                       {"contest", RegretsOf(problems, "contest")},
                       {"fixed_count", RegretsOf(problems, "fixed_count")}};
  double ratio = 0;
  for (const ordered_json& problem : problems) ratio += problem["wall_ratio"].get<double>();
  json["mean_wall_ratio"] = Round(ratio / static_cast<double>(problems.size()), 0.001);
  json["total_wall_ratio"] =
      Round(json["contest"]["wall_ms"].get<double>() / json["fixed_count"]["wall_ms"].get<double>(),
            0.001);
  return json;
}

void PrintSummary(const std::string& name, const ordered_json& summary) {
  const ordered_json& ours = summary["contest"];
  const ordered_json& theirs = summary["fixed_count"];
  std::fprintf(
      stderr,
      "%-14s mean regret %.3f %%, p95 %.3f %%; fixed count %.3f %%, %.3f %%; wall time %.0f "
      "ms of its %.0f ms\n",
      name.c_str(), NumberOf(ours, "mean_regret_pct"), NumberOf(ours, "p95_regret_pct"),
      NumberOf(theirs, "mean_regret_pct"), NumberOf(theirs, "p95_regret_pct"),
      NumberOf(ours, "wall_ms"), NumberOf(theirs, "wall_ms"));
}

std::string Now() {
  char text[32];
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", &utc);
  return text;
}

int Main(const Arguments& arguments) {
  auto session = cuda::OpenSession(arguments.device, arguments.calls);
  if (!session.ok()) {
    std::fprintf(stderr, "gpu_regret: %s\n", session.error().message.c_str());
    return 1;
  }
  sdk::Registry registry;
  RegisterCublasLtRunners(registry);
  RegisterCudaKernels(registry);
  ordered_json report = {{"bench", "gpu_regret"},
                         {"gpu", (*session)->device().label},
                         {"driver", (*session)->driver()},
                         {"cuda_runtime", (*session)->runtime()},
                         {"date", Now()},
                         {"rounds", arguments.rounds},
                         {"most_calls", arguments.calls}};
  std::vector<ordered_json> all;
  std::map<std::string, std::vector<ordered_json>> by_op;
  const auto start = Clock::now();
  for (const RegretProblem& problem : LlamaProblems(registry, arguments.rows, arguments.ops)) {
    ordered_json json = Judge(problem, **session, arguments.rounds, all.size() % 2 == 0);
    if (json.empty()) return 1;
    by_op[problem.problem.op].push_back(json);
    all.push_back(std::move(json));
  }
  if (all.empty()) {
    std::fputs("gpu_regret: no such op here\n", stderr);
    return 1;
  }
  report["seconds"] = Round(SecondsSince(start), 0.1);
  for (const auto& [op, problems] : by_op) report[op] = Summarise(problems);
  report["all"] = Summarise(all);
  for (const auto& [op, problems] : by_op) PrintSummary(op, report[op]);
  PrintSummary("all", report["all"]);
  report["problems"] = all;
  std::printf("%s\n", report.dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace tactic::bench

int main(int argc, char** argv) {
  tactic::bench::Arguments arguments;
  CLI::App app(
      "Judges the race on a GPU, and the fixed-count procedure beside it, on the same candidates "
      "in "
      "the same run. Progress on standard error, one JSON object on standard output.");
  app.add_option("--rows", arguments.rows, "numbers of rows, comma-separated")->delimiter(',');
  app.add_option("--ops", arguments.ops, "ops to judge, comma-separated (default: all)")
      ->delimiter(',');
  app.add_option("--rounds", arguments.rounds, "of the exhaustive measurement")
      ->check(CLI::Range(2, 100000));
  app.add_option("--calls", arguments.calls,
                 "most calls of one of the race's samples (default: 32)")
      ->check(CLI::Range(1, 1000));
  app.add_option("--device", arguments.device, "the GPU's number");
  CLI11_PARSE(app, argc, argv);
  return tactic::bench::Main(arguments);
}
