#include "runners/timing/priors.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace tactic::timing {
namespace {

constexpr int kPasses = 30;  // The fit changes by less than 0.1 % after half as many.

// One setting with its value: of a runner, since runners share names and not meanings.
struct Setting {
  RunnerId runner;
  std::string name;  // Empty: the runner itself.
  Value value;
  auto operator<=>(const Setting&) const = default;
};

std::vector<Setting> SettingsOf(const Candidate& candidate) {
  std::vector<Setting> settings = {{candidate.runner, "", int64_t{0}}};
  for (const Parameter& parameter : candidate.tactic.items()) {
    settings.push_back({candidate.runner, parameter.name, parameter.value});
  }
  return settings;
}

bool IsRatio(const Neighbour::Ratio& trial) {
  return std::isfinite(trial.slower) && trial.slower > 0;
}

// ln(slower) = a constant + a term for each setting, by cyclic coordinate descent.
class AdditiveModel {
 public:
  AdditiveModel(std::span<const Neighbour> neighbours, const PriorOptions& options) {
    double weight = 1;
    for (const Neighbour& neighbour : neighbours) {
      for (const Neighbour::Ratio& trial : neighbour.trials) AddTrial(trial, weight);
      weight *= options.fading;
    }
    if (rows_.empty()) return;
    double sum = 0;
    double weights = 0;
    for (const Row& row : rows_) {
      sum += row.weight * row.rest;
      weights += row.weight;
    }
    constant_ = sum / weights;
    for (Row& row : rows_) row.rest -= constant_;
    for (int pass = 0; pass < kPasses; ++pass) {
      for (auto& [setting, term] : terms_) Refit(term, options.shrinkage);
    }
  }

  size_t trials() const { return rows_.size(); }

  double Predict(const Candidate& candidate) const {
    double sum = constant_;
    for (const Setting& setting : SettingsOf(candidate)) {
      if (const auto term = terms_.find(setting); term != terms_.end()) sum += term->second.value;
    }
    return sum;
  }

  // The deviation of what the terms leave unexplained, with what fitting them hides.
  double Deviation() const {
    double squares = 0;
    for (const Row& row : rows_) squares += row.rest * row.rest;
    const auto n = static_cast<double>(rows_.size());
    return std::sqrt(squares / std::max(n - static_cast<double>(terms_.size()), n / 4));
  }

 private:
  struct Row {
    double weight = 1;
    double rest = 0;  // What is not explained yet.
  };
  struct Term {
    double value = 0;
    std::vector<size_t> rows;
  };

  void AddTrial(const Neighbour::Ratio& trial, double weight) {
    if (!IsRatio(trial)) return;
    for (const Setting& setting : SettingsOf(trial.candidate)) {
      terms_[setting].rows.push_back(rows_.size());
    }
    rows_.push_back({weight, std::log(trial.slower)});
  }

  void Refit(Term& term, double shrinkage) {
    double sum = 0;
    double weights = shrinkage;
    for (size_t row : term.rows) {
      sum += rows_[row].weight * (rows_[row].rest + term.value);
      weights += rows_[row].weight;
    }
    const double change = sum / weights - term.value;
    term.value += change;
    for (size_t row : term.rows) rows_[row].rest -= change;
  }

  double constant_ = 0;
  std::vector<Row> rows_;
  std::map<Setting, Term> terms_;
};

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
  const AdditiveModel model(neighbours, options);
  if (model.trials() < static_cast<size_t>(std::max(options.enough_trials, 1))) return priors;
  const double limit = std::log(options.cut) + options.sigmas * model.Deviation();
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (model.Predict(candidates[i]) > limit) priors.hopeless.push_back(static_cast<int>(i));
  }
  return priors;
}

}  // namespace tactic::timing
