// Replays searches of a recorded space: what each strategy finds, against how many candidates it
// measures.
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "bench/gzip_file.h"
#include "bench/search_curve.h"
#include "nlohmann/json.hpp"

namespace tactic::bench {
namespace {

constexpr size_t kTraceBytes = size_t{1} << 30;
constexpr timing::SearchStrategy kStrategies[] = {timing::SearchStrategy::kRandom,
                                                  timing::SearchStrategy::kLocal,
                                                  timing::SearchStrategy::kModel};

constexpr char kAbout[] =
    "Replays recorded timings of all tactics of a space, and shows how near to the best each\n"
    "strategy comes with so many evaluations; random is the baseline.\n"
    "\n"
    "TRACE: comma-separated text, plain or gzip, as race_replay takes it; a header names the\n"
    "settings. bench/data/host_gemm_space.csv.gz is one, made by record_space.";

constexpr char kFooter[] = "Exit: 0 done; 1 the trace cannot be read; 2 wrong usage.";

struct Arguments {
  std::string trace;
  std::vector<int> evaluations = {25, 50, 100, 200, 300, 500, 1000};
  int seeds = 50;
  bool json = false;
};

nlohmann::json ToJson(const timing::TraceProblem& problem, const Arguments& arguments) {
  nlohmann::json strategies = nlohmann::json::object();
  for (const timing::SearchStrategy strategy : kStrategies) {
    nlohmann::json points = nlohmann::json::array();
    for (const SearchPoint& point :
         SearchCurve(problem, strategy, arguments.evaluations, arguments.seeds)) {
      points.push_back({{"evaluations", point.evaluations},
                        {"mean_regret_pct", 100 * point.mean_regret},
                        {"worst_regret_pct", 100 * point.worst_regret}});
    }
    strategies[std::string(Name(strategy))] = points;
  }
  return {{"problem", ToText(problem)},
          {"candidates", problem.rows.size()},
          {"strategies", strategies}};
}

void Print(const nlohmann::json& problem) {
  std::printf("%s, %zu candidates: mean regret in %% (worst)\n%12s",
              problem["problem"].get<std::string>().c_str(), problem["candidates"].get<size_t>(),
              "evaluations");
  for (const auto& [name, points] : problem["strategies"].items()) {
    std::printf("%20s", name.c_str());
  }
  const nlohmann::json& first = problem["strategies"]["random"];
  for (size_t i = 0; i < first.size(); ++i) {
    std::printf("\n%12d", first[i]["evaluations"].get<int>());
    for (const auto& [name, points] : problem["strategies"].items()) {
      std::printf("%10.2f (%7.2f)", points[i]["mean_regret_pct"].get<double>(),
                  points[i]["worst_regret_pct"].get<double>());
    }
  }
  std::printf("\n");
}

int Run(const Arguments& arguments) {
  const auto content = ReadMaybeGzip(arguments.trace, kTraceBytes);
  if (!content.ok()) {
    std::fprintf(stderr, "search_replay: %s\n", content.error().message.c_str());
    return 1;
  }
  std::istringstream text(*content);
  const auto trace = timing::ReadTrace(text);
  if (!trace.ok()) {
    std::fprintf(stderr, "search_replay: %s\n", trace.error().message.c_str());
    return 1;
  }
  nlohmann::json problems = nlohmann::json::array();
  for (const timing::TraceProblem& problem : *trace) problems.push_back(ToJson(problem, arguments));
  if (arguments.json) {
    std::printf("%s\n",
                nlohmann::json{
                    {"bench", "search_replay"}, {"seeds", arguments.seeds}, {"problems", problems}}
                    .dump()
                    .c_str());
    return 0;
  }
  for (const nlohmann::json& problem : problems) Print(problem);
  return 0;
}

}  // namespace
}  // namespace tactic::bench

int main(int argc, char** argv) {
  tactic::bench::Arguments arguments;
  CLI::App app;
  app.description(tactic::bench::kAbout);
  app.footer(tactic::bench::kFooter);
  app.add_option("trace", arguments.trace, "The recording")->required()->option_text("TRACE");
  app.add_option("--evaluations", arguments.evaluations, "How many are measured")
      ->delimiter(',')
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--seeds", arguments.seeds, "Searches of each kind")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_flag("--json", arguments.json, "One JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return tactic::bench::Run(arguments);
}
