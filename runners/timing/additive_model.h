// What a candidate's settings say about it, each by itself: prediction for candidates that nobody
// measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::timing {

// A setting with its value, or a runner; of one runner, since runners share names and not meanings.
using SettingId = uint32_t;

// Numbers for settings, given out as they are met.
class SettingIds {
 public:
  // The runner itself, then each setting of the tactic in the order of their names.
  std::vector<SettingId> Of(const Candidate& candidate);
  size_t size() const { return ids_.size(); }

 private:
  struct Setting {
    RunnerId runner;
    std::string name;  // Empty: the runner itself.
    Value value;
    auto operator<=>(const Setting&) const = default;
  };
  std::map<Setting, SettingId> ids_;
};

// value = a constant + a term for each setting, by penalised least squares (cyclic coordinate
// descent). What was never met adds nothing.
class AdditiveModel {
 public:
  // `shrinkage`: the weight, in rows, of the assumption that a setting does not matter.
  explicit AdditiveModel(double shrinkage) : shrinkage_(shrinkage) {}

  void Add(std::span<const SettingId> settings, double value, double weight = 1);
  // Fits all rows, `passes` times over, from where the last fit ended.
  void Fit(int passes);

  double Predict(std::span<const SettingId> settings) const;
  // The deviation of what the terms leave unexplained, with what fitting them hides.
  double Deviation() const;
  // How many rows, by weight, tell of a setting.
  double Support(SettingId setting) const;
  size_t rows() const { return rows_.size(); }

 private:
  struct Row {
    std::vector<SettingId> settings;
    double value = 0;
    double weight = 1;
    double rest = 0;  // What is not explained.
  };
  struct Term {
    double value = 0;
    double support = 0;
    std::vector<size_t> rows;
  };

  void Refit(Term& term);

  const double shrinkage_;
  double constant_ = 0;
  std::vector<Row> rows_;
  std::vector<Term> terms_;  // By setting; one without rows was never met.
};

}  // namespace tactic::timing
