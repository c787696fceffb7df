#include "runners/timing/additive_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tactic::timing {

std::vector<SettingId> SettingIds::Of(const Candidate& candidate) {
  std::vector<SettingId> ids;
  const auto add = [&](std::string name, Value value) {
    ids.push_back(ids_.try_emplace({candidate.runner, std::move(name), std::move(value)},
                                   static_cast<SettingId>(ids_.size()))
                      .first->second);
  };
  add("", int64_t{0});
  for (const Parameter& parameter : candidate.tactic.items()) add(parameter.name, parameter.value);
  return ids;
}

void AdditiveModel::Add(std::span<const SettingId> settings, double value, double weight) {
  for (const SettingId setting : settings) {
    if (setting >= terms_.size()) terms_.resize(setting + 1);
    terms_[setting].rows.push_back(rows_.size());
    terms_[setting].support += weight;
  }
  rows_.push_back({{settings.begin(), settings.end()}, value, weight, 0});
}

void AdditiveModel::Fit(int passes) {
  if (rows_.empty()) return;
  double sum = 0;
  double weights = 0;
  for (Row& row : rows_) {
    row.rest = row.value - (Predict(row.settings) - constant_);
    sum += row.weight * row.rest;
    weights += row.weight;
  }
  constant_ = sum / weights;
  for (Row& row : rows_) row.rest -= constant_;
  for (int pass = 0; pass < passes; ++pass) {
    for (Term& term : terms_) Refit(term);
  }
}

void AdditiveModel::Refit(Term& term) {
  if (term.rows.empty()) return;
  double sum = 0;
  for (const size_t row : term.rows) sum += rows_[row].weight * (rows_[row].rest + term.value);
  const double change = sum / (term.support + shrinkage_) - term.value;
  term.value += change;
  for (const size_t row : term.rows) rows_[row].rest -= change;
}

double AdditiveModel::Predict(std::span<const SettingId> settings) const {
  double sum = constant_;
  for (const SettingId setting : settings) {
    if (setting < terms_.size()) sum += terms_[setting].value;
  }
  return sum;
}

double AdditiveModel::Deviation() const {
  double squares = 0;
  for (const Row& row : rows_) squares += row.rest * row.rest;
  const auto terms = std::count_if(terms_.begin(), terms_.end(),
                                   [](const Term& term) { return !term.rows.empty(); });
  const auto n = static_cast<double>(rows_.size());
  return std::sqrt(squares / std::max(n - static_cast<double>(terms), n / 4));
}

double AdditiveModel::Support(SettingId setting) const {
  return setting < terms_.size() ? terms_[setting].support : 0;
}

}  // namespace tactic::timing
