// Which candidates to measure when there are too many to measure them all: the screening pass of a
// race over a large space. Pure: the same candidates, answers and seed give the same proposals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "tactic/model/decision.h"

namespace tactic::timing {

enum class SearchStrategy {
  kRandom,  // Without regard to what came of others: the baseline.
  kLocal,   // Those that differ from the best in one setting; from the next best when none is left.
  kModel,   // Those that a model of the settings expects most of, turn about with kLocal's.
};
std::string_view Name(SearchStrategy strategy);  // "random"
std::optional<SearchStrategy> ParseSearchStrategy(std::string_view name);

// Not thread-safe.
class Search {
 public:
  virtual ~Search() = default;

  // The next to measure; none twice, and none that was told of. nullopt: all are.
  std::optional<int> Next();
  // What came of a candidate, proposed or not: its time, or nullopt for a failure. Once each; more
  // are ignored.
  void Tell(int candidate, std::optional<double> nanoseconds);

 protected:
  explicit Search(size_t candidates, uint64_t seed);

  // One of those that are left; there is one.
  virtual int Propose() = 0;
  virtual void Learn(int candidate, std::optional<double> nanoseconds) = 0;

  // Neither proposed nor told of.
  bool IsLeft(int candidate) const { return left_[static_cast<size_t>(candidate)]; }
  // Any of those that are left, each as likely.
  int Any();
  std::mt19937_64& random() { return random_; }
  size_t candidates() const { return left_.size(); }

 private:
  void Take(int candidate);

  std::vector<bool> left_;
  std::vector<bool> told_;
  std::vector<int> shuffled_;  // All, in random order; those before next_ are taken.
  size_t next_ = 0;
  size_t taken_ = 0;
  std::mt19937_64 random_;
};

std::unique_ptr<Search> MakeSearch(SearchStrategy strategy, std::span<const Candidate> candidates,
                                   uint64_t seed);

}  // namespace tactic::timing
