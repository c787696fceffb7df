#include "runners/timing/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "runners/timing/additive_model.h"
#include "runners/timing/permute.h"

namespace tactic::timing {
namespace {

constexpr std::array<std::pair<SearchStrategy, std::string_view>, 3> kNames = {
    {{SearchStrategy::kRandom, "random"},
     {SearchStrategy::kLocal, "local"},
     {SearchStrategy::kModel, "model"}}};

// Drawn at random before a strategy has anything to go by.
constexpr size_t kFirstDraws = 24;
// A setting that was seen once may still turn out so many deviations better.
constexpr double kExplore = 0.5;
constexpr double kShrinkage = 1;
// Terms change little from one row to the next.
constexpr int kPasses = 3;
// A failure counts as so much slower than the slowest, in log units.
constexpr double kFailure = 0.5;

// The settings of candidates, and who differs from whom in one of them.
class Landscape {
 public:
  explicit Landscape(std::span<const Candidate> candidates) {
    SettingIds ids;
    for (const Candidate& candidate : candidates) settings_.push_back(ids.Of(candidate));
    for (size_t i = 0; i < settings_.size(); ++i) {
      for (size_t place = 1; place < settings_[i].size(); ++place) {
        alike_[But(i, place)].push_back(static_cast<int>(i));
      }
    }
  }

  const std::vector<SettingId>& SettingsOf(int candidate) const {
    return settings_[static_cast<size_t>(candidate)];
  }

  std::vector<int> NeighboursOf(int candidate) const {
    const auto i = static_cast<size_t>(candidate);
    std::vector<int> neighbours;
    for (size_t place = 1; place < settings_[i].size(); ++place) {
      for (const int other : alike_.at(But(i, place))) {
        if (other != candidate) neighbours.push_back(other);
      }
    }
    return neighbours;
  }

 private:
  // All settings but the one at `place`, which is what a key begins with.
  std::vector<SettingId> But(size_t i, size_t place) const {
    std::vector<SettingId> others = settings_[i];
    others[place] = others.front();
    others.front() = static_cast<SettingId>(place);
    return others;
  }

  std::vector<std::vector<SettingId>> settings_;
  std::map<std::vector<SettingId>, std::vector<int>> alike_;
};

class RandomSearch final : public Search {
 public:
  RandomSearch(size_t candidates, uint64_t seed) : Search(candidates, seed) {}

 private:
  int Propose() override { return Any(); }
  void Learn(int, std::optional<double>) override {}
};

class LocalSearch : public Search {
 public:
  LocalSearch(std::span<const Candidate> candidates, uint64_t seed)
      : Search(candidates.size(), seed), landscape_(candidates) {}

 protected:
  int Propose() override { return Near().value_or(Any()); }

  void Learn(int candidate, std::optional<double> nanoseconds) override {
    ++learned_;
    if (!nanoseconds) return;
    const bool best = by_time_.empty() || *nanoseconds < by_time_.begin()->first;
    by_time_.emplace(*nanoseconds, candidate);
    if (best) near_.clear();  // What is near the best so far comes first.
  }

  // One that is left near the best; nullopt before there is anything to go by, and when everything
  // near anything good is measured.
  std::optional<int> Near() {
    if (learned_ < kFirstDraws) return std::nullopt;
    while (true) {
      while (!near_.empty()) {
        const int candidate = near_.back();
        near_.pop_back();
        if (IsLeft(candidate)) return candidate;
      }
      if (by_time_.empty()) return std::nullopt;
      const auto [time, centre] = *by_time_.begin();
      if (!best_ || time < *best_) best_ = time;
      if (time > kNearBest * *best_) return std::nullopt;
      near_ = landscape_.NeighboursOf(centre);
      Permute(near_, random());
      by_time_.erase(by_time_.begin());
    }
  }

  const Landscape& landscape() const { return landscape_; }
  size_t learned() const { return learned_; }

 private:
  // What is slower than the best by more is not worth looking around.
  static constexpr double kNearBest = 1.1;

  const Landscape landscape_;
  size_t learned_ = 0;
  std::multimap<double, int> by_time_;  // Of those whose neighbours were not proposed yet.
  std::optional<double> best_;
  std::vector<int> near_;
};

class ModelSearch final : public LocalSearch {
 public:
  ModelSearch(std::span<const Candidate> candidates, uint64_t seed)
      : LocalSearch(candidates, seed) {}

 private:
  int Propose() override {
    if (learned() < kFirstDraws) return Any();
    near_turn_ = !near_turn_;
    if (near_turn_) {
      if (const std::optional<int> near = Near()) return *near;
    }
    return Promising();
  }

  void Learn(int candidate, std::optional<double> nanoseconds) override {
    LocalSearch::Learn(candidate, nanoseconds);
    if (nanoseconds) slowest_ = std::max(slowest_, std::log(*nanoseconds));
    const double value = nanoseconds ? std::log(*nanoseconds) : slowest_ + kFailure;
    model_.Add(landscape().SettingsOf(candidate), value);
  }

  // The one that may be fastest: prediction less what is not known of its settings.
  int Promising() {
    model_.Fit(kPasses);
    const double deviation = kExplore * model_.Deviation();
    int best = -1;
    double best_score = std::numeric_limits<double>::infinity();
    for (int i = 0; i < static_cast<int>(candidates()); ++i) {
      if (!IsLeft(i)) continue;
      double score = model_.Predict(landscape().SettingsOf(i));
      for (const SettingId setting : landscape().SettingsOf(i)) {
        score -= deviation / std::sqrt(model_.Support(setting) + kShrinkage);
      }
      if (score < best_score) {
        best_score = score;
        best = i;
      }
    }
    return best >= 0 ? best : Any();
  }

  AdditiveModel model_{kShrinkage};
  double slowest_ = 0;  // ln(ns).
  bool near_turn_ = false;
};

}  // namespace

std::string_view Name(SearchStrategy strategy) {
  return std::find_if(kNames.begin(), kNames.end(),
                      [&](const auto& named) { return named.first == strategy; })
      ->second;
}

std::optional<SearchStrategy> ParseSearchStrategy(std::string_view name) {
  for (const auto& [strategy, known] : kNames) {
    if (known == name) return strategy;
  }
  return std::nullopt;
}

Search::Search(size_t candidates, uint64_t seed)
    : left_(candidates, true), told_(candidates), shuffled_(candidates), random_(seed) {
  std::iota(shuffled_.begin(), shuffled_.end(), 0);
  Permute(shuffled_, random_);
}

std::optional<int> Search::Next() {
  if (taken_ == left_.size()) return std::nullopt;
  const int candidate = Propose();
  Take(candidate);
  return candidate;
}

void Search::Tell(int candidate, std::optional<double> nanoseconds) {
  const auto i = static_cast<size_t>(candidate);
  if (told_[i]) return;
  told_[i] = true;
  Take(candidate);
  Learn(candidate, nanoseconds);
}

int Search::Any() {
  while (!IsLeft(shuffled_[next_])) ++next_;
  return shuffled_[next_];
}

void Search::Take(int candidate) {
  const auto i = static_cast<size_t>(candidate);
  if (left_[i]) ++taken_;
  left_[i] = false;
}

std::unique_ptr<Search> MakeSearch(SearchStrategy strategy, std::span<const Candidate> candidates,
                                   uint64_t seed) {
  switch (strategy) {
    case SearchStrategy::kRandom:
      return std::make_unique<RandomSearch>(candidates.size(), seed);
    case SearchStrategy::kLocal:
      return std::make_unique<LocalSearch>(candidates, seed);
    case SearchStrategy::kModel:
      break;
  }
  return std::make_unique<ModelSearch>(candidates, seed);
}

}  // namespace tactic::timing
