#include "runners/timing/priors.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <vector>

#include "runners/timing/additive_model.h"

namespace tactic::timing {
namespace {

constexpr int kPasses = 30;  // The fit changes by less than 0.1 % after half as many.

bool IsRatio(const Neighbour::Ratio& trial) {
  return std::isfinite(trial.slower) && trial.slower > 0;
}

// ln(slower) of all trials by their settings.
AdditiveModel ModelOf(std::span<const Neighbour> neighbours, const PriorOptions& options,
                      SettingIds& ids) {
  AdditiveModel model(options.shrinkage);
  double weight = 1;
  for (const Neighbour& neighbour : neighbours) {
    for (const Neighbour::Ratio& trial : neighbour.trials) {
      if (IsRatio(trial)) model.Add(ids.Of(trial.candidate), std::log(trial.slower), weight);
    }
    weight *= options.fading;
  }
  model.Fit(kPasses);
  return model;
}

std::vector<int> First(std::span<const Neighbour> neighbours, const std::map<Candidate, int>& index,
                       int first_of_each) {
  std::vector<int> first;
  for (const Neighbour& neighbour : neighbours) {
    std::vector<Neighbour::Ratio> fastest;
    std::copy_if(neighbour.trials.begin(), neighbour.trials.end(), std::back_inserter(fastest),
                 IsRatio);
    std::stable_sort(fastest.begin(), fastest.end(),
                     [](const auto& a, const auto& b) { return a.slower < b.slower; });
    if (!neighbour.trials.empty()) fastest.insert(fastest.begin(), neighbour.trials.front());
    int taken = 0;
    for (const Neighbour::Ratio& trial : fastest) {
      const auto found = index.find(trial.candidate);
      if (found == index.end()) continue;
      if (std::find(first.begin(), first.end(), found->second) != first.end()) continue;
      if (++taken > first_of_each) break;
      first.push_back(found->second);
    }
  }
  return first;
}

}  // namespace

Priors PriorsFrom(std::span<const Neighbour> neighbours, std::span<const Candidate> candidates,
                  const PriorOptions& options) {
  std::map<Candidate, int> index;
  for (size_t i = 0; i < candidates.size(); ++i) index.emplace(candidates[i], static_cast<int>(i));
  Priors priors;
  priors.first = First(neighbours, index, options.first_of_each);
  SettingIds ids;
  const AdditiveModel model = ModelOf(neighbours, options, ids);
  if (model.rows() < static_cast<size_t>(std::max(options.enough_trials, 1))) return priors;
  const double limit = std::log(options.cut) + options.sigmas * model.Deviation();
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (model.Predict(ids.Of(candidates[i])) > limit)
      priors.hopeless.push_back(static_cast<int>(i));
  }
  return priors;
}

}  // namespace tactic::timing
