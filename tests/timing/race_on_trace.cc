// Replays a recorded trace from standard input and prints, as one JSON object, how well and at what
// cost the race decides on it. Cross-fit: the race reads every other round, its pick is judged by
// the medians of the rest, and the other way round.
//   zcat trace.csv.gz | race_on_trace
#include "runners/timing/race.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

#include "runners/timing/statistics.h"
#include "runners/timing/trace_sampler.h"
#include "tests/timing/race_driver.h"

namespace tactic::timing {
namespace {

double MedianOfHalf(const TraceRow& row, size_t first) {
  std::vector<double> times;
  for (size_t r = first; r < row.samples_us.size(); r += 2) times.push_back(row.samples_us[r]);
  return Median(times);
}

// What the fixed-count procedure spends: 14 launches a candidate (4 if one takes over 1 ms) and 200
// us of delay.
double FixedCountNs(const TraceProblem& problem) {
  double total = 0;
  for (const TraceRow& row : problem.rows) {
    const double ns = 1e3 * Median({row.samples_us.begin(), row.samples_us.end()});
    total += (ns > 1e6 ? 4 : 14) * ns + 200e3;
  }
  return total;
}

struct Totals {
  std::vector<double> regrets;
  std::vector<double> other_half_regrets;  // Of choosing by all that the race could have read.
  std::vector<double> costs;               // As shares of the fixed-count procedure's.
};

void Decide(const TraceProblem& problem, size_t served, Totals& totals) {
  std::vector<double> truth;
  std::vector<double> seen;
  for (const TraceRow& row : problem.rows) {
    truth.push_back(MedianOfHalf(row, 1 - served));
    seen.push_back(MedianOfHalf(row, served));
  }
  const double best = *std::min_element(truth.begin(), truth.end());
  const auto by_seen = std::min_element(seen.begin(), seen.end()) - seen.begin();

  Race race(PlainInput(static_cast<int>(problem.rows.size())), {});
  TraceSampler sampler(problem, {.first = served, .stride = 2});
  RunToEnd(race, sampler);
  const auto pick = static_cast<size_t>(race.Decide().pick);
  totals.regrets.push_back(truth[pick] / best - 1);
  totals.other_half_regrets.push_back(truth[static_cast<size_t>(by_seen)] / best - 1);
  totals.costs.push_back(sampler.spent_ns() / FixedCountNs(problem));
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

int Main() {
  const auto trace = ReadTrace(std::cin);
  if (!trace.ok()) {
    std::fprintf(stderr, "%s\n", trace.error().message.c_str());
    return 1;
  }
  std::printf("{");
  for (const char* mode : {"cold", "warm"}) {
    Totals totals;
    for (const TraceProblem& problem : *trace) {
      if (problem.mode != mode) continue;
      for (size_t served : {0, 1}) Decide(problem, served, totals);
    }
    if (totals.regrets.empty()) continue;
    std::printf(
        "\"%s_decisions\": %zu, \"%s_mean_regret_percent\": %.3f, "
        "\"%s_p95_regret_percent\": %.3f, \"%s_max_regret_percent\": %.3f, "
        "\"%s_other_half_mean_regret_percent\": %.3f, \"%s_cost_ratio\": %.3f, ",
        mode, totals.regrets.size(), mode, 100 * Mean(totals.regrets), mode,
        100 * Quantile(totals.regrets, 0.95), mode, 100 * Quantile(totals.regrets, 1), mode,
        100 * Mean(totals.other_half_regrets), mode, Mean(totals.costs));
  }
  std::printf("\"problems\": %zu}\n", trace->size());
  return 0;
}

}  // namespace
}  // namespace tactic::timing

int main() { return tactic::timing::Main(); }
