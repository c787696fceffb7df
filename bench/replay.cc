#include "bench/replay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "runners/timing/statistics.h"

namespace tactic::bench {
namespace {

using timing::TraceProblem;
using timing::TraceRow;

constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr double kSame = 0.01;  // Picks so close are as good as each other.

bool IsTime(float us) { return std::isfinite(us) && us > 0; }

// The median of the samples from `first` on, each `stride`-th; infinite without any.
double MedianUs(const TraceRow& row, size_t first, size_t stride) {
  std::vector<double> times;
  for (size_t r = first; r < row.samples_us.size(); r += stride) {
    if (IsTime(row.samples_us[r])) times.push_back(row.samples_us[r]);
  }
  return times.empty() ? kNone : timing::Median(std::move(times));
}

// By candidate, in us: the medians of the rounds that a policy does not see when it is served the
// rounds from `served` on. A candidate that has no sample there is judged by all that it has; one
// with a value that is no time failed, and nobody is compared with it.
struct Truth {
  std::vector<double> us;
  double best = kNone;

  Truth(const TraceProblem& problem, size_t served) {
    for (const TraceRow& row : problem.rows) {
      const double other = MedianUs(row, 1 - served, 2);
      us.push_back(other < kNone ? other : MedianUs(row, 0, 1));
      const bool failed = !std::all_of(row.samples_us.begin(), row.samples_us.end(), IsTime);
      if (!failed) best = std::min(best, us.back());
    }
  }
  double RegretOf(int pick) const { return us[static_cast<size_t>(pick)] / best - 1; }
};

// Of all pairs of picks the share of which one is at most 1 % slower than the other.
double SharePairsWithin(const Truth& truth, const std::vector<int>& picks) {
  int pairs = 0;
  int within = 0;
  for (size_t a = 0; a < picks.size(); ++a) {
    for (size_t b = a + 1; b < picks.size(); ++b) {
      const auto [low, high] = std::minmax(truth.us[picks[a]], truth.us[picks[b]]);
      ++pairs;
      within += picks[a] == picks[b] || high <= low * (1 + kSame) ? 1 : 0;
    }
  }
  return pairs == 0 ? 1 : static_cast<double>(within) / pairs;
}

void CountCovered(const Truth& truth, const Choice& choice, Judged& judged) {
  for (size_t i = 0; i < choice.intervals.size(); ++i) {
    const auto [low, high] = choice.intervals[i];
    if (high == 0 || truth.us[i] == kNone) continue;
    ++judged.intervals;
    const double ns = 1e3 * truth.us[i];
    judged.covered += low <= ns && ns <= high ? 1 : 0;
  }
}

void Repeat(Contest contest, const Truth& truth, const ReplayOptions& options, int pick,
            Judged& judged) {
  contest.trace.resample = true;
  std::vector<int> picks;
  int same = 0;
  for (int seed = 1; seed <= options.repeats; ++seed) {
    contest.trace.seed = static_cast<uint64_t>(seed);
    contest.incumbent.reset();
    const int again = Choose(options.policy, contest, options.race).pick;
    if (again >= 0) picks.push_back(again);
    contest.incumbent = pick;
    same += Choose(options.policy, contest, options.race).pick == pick ? 1 : 0;
  }
  judged.repeat_within = SharePairsWithin(truth, picks);
  judged.repeat_with_incumbent =
      options.repeats == 0 ? 1 : static_cast<double>(same) / options.repeats;
}

Judged Judge(const Contest& contest, const ReplayOptions& options, Neighbour* evidence) {
  const TraceProblem& problem = *contest.problem;
  const Truth truth(problem, contest.trace.first);
  Judged judged{&problem};
  Choice choice = Choose(options.policy, contest, options.race);
  judged.cost_ratio = choice.cost_ns / FixedCountNs(problem);
  judged.control_differs = choice.control_differs;
  judged.skipped = choice.skipped;
  judged.decided = choice.pick >= 0 && truth.best < kNone;
  if (judged.decided) {
    judged.regret = std::max(truth.RegretOf(choice.pick), 0.0);
    CountCovered(truth, choice, judged);
    Repeat(contest, truth, options, choice.pick, judged);
  }
  *evidence = std::move(choice.evidence);
  return judged;
}

// Of the problems before in the same sweep, the nearest first.
using Neighbours = std::vector<Neighbour>;

timing::Priors PriorsFor(const TraceProblem& problem, const Neighbours& neighbours,
                         const timing::PriorOptions& options) {
  std::vector<Candidate> candidates;
  for (const TraceRow& row : problem.rows) {
    candidates.push_back({{"trace", ""}, row.configuration});
  }
  return timing::PriorsFrom(neighbours, candidates, options);
}

}  // namespace

double FixedCountNs(const TraceProblem& problem) {
  double total = 0;
  for (const TraceRow& row : problem.rows) {
    const double us = MedianUs(row, 0, 1);
    total += 200e3;
    if (us < kNone) total += (us > 1e3 ? 4 : 14) * 1e3 * us;
  }
  return total;
}

std::vector<Judged> ReplayAll(const std::vector<const TraceProblem*>& problems,
                              const ReplayOptions& options) {
  constexpr size_t kNeighbours = 3;
  std::vector<const TraceProblem*> order = problems;
  if (options.sweep) {
    std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
      return std::tie(a->mode, a->n, a->k, a->m) < std::tie(b->mode, b->n, b->k, b->m);
    });
  }
  std::vector<Judged> all;
  std::map<size_t, Neighbours> neighbours;  // By the half that is served.
  const TraceProblem* before = nullptr;
  for (const TraceProblem* problem : order) {
    const bool same_sweep =
        before != nullptr && std::tie(before->mode, before->n, before->k) ==
                                 std::tie(problem->mode, problem->n, problem->k);
    if (!same_sweep) neighbours.clear();
    before = problem;
    for (size_t served : {0, 1}) {
      Contest contest{problem,
                      {.first = served, .stride = 2, .overhead_ns = 1e3 * options.overhead_us}};
      Neighbours& known = neighbours[served];
      if (options.sweep) contest.priors = PriorsFor(*problem, known, options.priors);
      Neighbour evidence;
      all.push_back(Judge(contest, options, &evidence));
      known.insert(known.begin(), std::move(evidence));
      if (known.size() > kNeighbours) known.pop_back();
    }
  }
  return all;
}

}  // namespace tactic::bench
