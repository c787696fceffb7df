#include "server/core/neighbours.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tactic {
namespace {

constexpr double kFarthest = 3;
constexpr double kOtherCircumstances = 0.5;
constexpr size_t kPage = 4096;

bool SameKind(const Tensor& a, const Tensor& b) {
  return a.dtype == b.dtype && a.layout == b.layout && a.dims.size() == b.dims.size();
}

bool Comparable(const Key& a, const Key& b) {
  return a.problem.op == b.problem.op && a.problem.attributes == b.problem.attributes &&
         a.environment.device.kind == b.environment.device.kind &&
         std::equal(a.problem.inputs.begin(), a.problem.inputs.end(), b.problem.inputs.begin(),
                    b.problem.inputs.end(), SameKind);
}

// One size may stand in several tensors; it counts once for each pair of sizes that it took.
double Doublings(const Problem& a, const Problem& b) {
  std::vector<std::pair<int64_t, int64_t>> changed;
  double sum = 0;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    for (size_t d = 0; d < a.inputs[i].dims.size(); ++d) {
      const std::pair sizes(a.inputs[i].dims[d].opt, b.inputs[i].dims[d].opt);
      if (sizes.first == sizes.second) continue;
      if (std::find(changed.begin(), changed.end(), sizes) != changed.end()) continue;
      changed.push_back(sizes);
      const double from = static_cast<double>(std::max<int64_t>(sizes.first, 1));
      sum += std::abs(std::log2(static_cast<double>(std::max<int64_t>(sizes.second, 1)) / from));
    }
  }
  return sum;
}

}  // namespace

std::optional<double> DistanceOf(const Key& a, const Key& b) {
  if (!Comparable(a, b)) return std::nullopt;
  double distance = Doublings(a.problem, b.problem);
  if (!(a.environment == b.environment)) distance += kOtherCircumstances;
  if (a.policy != b.policy) distance += kOtherCircumstances;
  if (distance == 0 || distance > kFarthest) return std::nullopt;
  return distance;
}

std::vector<DecisionPtr> NearestDecisions(const Catalog& catalog, const Key& key, size_t limit) {
  std::vector<std::pair<double, DecisionPtr>> near;
  Catalog::Page page;
  uint64_t after = 0;
  do {
    page = catalog.Since(after, kPage);
    after = page.complete_to;
    for (DecisionPtr& decision : page.decisions) {
      const std::optional<double> distance = DistanceOf(decision->key, key);
      if (distance) near.emplace_back(*distance, std::move(decision));
    }
  } while (page.decisions.size() == kPage);
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<DecisionPtr> nearest;
  for (size_t i = 0; i < std::min(limit, near.size()); ++i) nearest.push_back(near[i].second);
  return nearest;
}

Neighbour NeighbourOf(const Decision& decision, const Evidence& evidence) {
  double best = 0;
  for (const Trial& trial : evidence.trials) {
    if (!IsValid(trial.outcome) || trial.median_ns <= 0) continue;
    if (best == 0 || trial.median_ns < best) best = trial.median_ns;
  }
  Neighbour neighbour;
  for (const Trial& trial : evidence.trials) {
    if (!IsValid(trial.outcome) || trial.median_ns <= 0) continue;
    neighbour.trials.push_back({trial.candidate, trial.median_ns / best});
  }
  if (!decision.ranking.empty()) {
    const Candidate& pick = decision.ranking.front().candidate;
    std::stable_partition(neighbour.trials.begin(), neighbour.trials.end(),
                          [&](const auto& trial) { return trial.candidate == pick; });
  }
  return neighbour;
}

}  // namespace tactic
