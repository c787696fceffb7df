// The truth that picks are judged by: every candidate near the best, many interleaved rounds.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bench/gpu/phase_clock.h"
#include "bench/gpu/regret_problem.h"
#include "runners/timing/device_session.h"

namespace tactic::bench {

// Made before the procedures run, so that the kernels of all candidates are loaded for all of them;
// measures after they have.
class Exhaustive {
 public:
  // Screens every candidate. Not OK: none is valid, or the operands do not fit.
  static Result<std::unique_ptr<Exhaustive>> Create(const RegretProblem& problem,
                                                    timing::DeviceSession& session);

  // `rounds` rounds, each in a fresh random order, of those within `within` (0.1 = 10 %) of the
  // best and of `also`.
  void Measure(int rounds, double within, const std::vector<int>& also);

  int valid() const { return valid_; }
  int near() const { return static_cast<int>(who_.size()); }
  // How much slower than the best of all it is, 0.01 = 1 %, by medians of the rounds' log ratios;
  // NaN: it was not measured.
  double Regret(int candidate) const;
  // The same, with the best chosen by every other cycle of rounds and compared in the rest, and the
  // other way round: without the luck of the best.
  double CrossRegret(int candidate) const;
  // How much slower than the best it is in each round of the sampler's cycle alone: what of it
  // depends on where the operands lie.
  std::vector<double> RegretByPlace(int candidate) const;
  double BestNs() const;  // Of one call.

 private:
  using Use = std::function<bool(size_t round)>;

  explicit Exhaustive(const RegretProblem& problem) : problem_(problem) {}

  void Screen();
  std::vector<int> Near(double within, const std::vector<int>& also);
  void Round(const std::vector<int>& order);
  size_t IndexOf(int candidate) const;  // In who_; its size: it is not there.
  size_t Best(const Use& use) const;    // In who_.
  // Of who_[index], over the rounds that `use` says.
  double Slowness(size_t index, const Use& use) const;

  const RegretProblem& problem_;
  PhaseClock observer_;
  std::unique_ptr<timing::Sampler> sampler_;
  std::vector<double> screened_;  // By candidate; 0: failed.
  int valid_ = 0;
  size_t places_ = 1;
  std::vector<int> who_;
  std::vector<std::vector<double>> log_ns_;  // By who_, then by round.
};

}  // namespace tactic::bench
