// What contests of neighbouring keys (the next bucket up or down, another environment, another
// measurement policy) say about the candidates of one to come: whom to measure first, and whom not
// to measure at all.
#pragma once

#include <span>
#include <vector>

#include "tactic/model/contest.h"
#include "tactic/model/decision.h"

namespace tactic::timing {

struct PriorOptions {
  double cut = 1.5;     // As RaceOptions.first_cut: slower than this is not raced.
  double sigmas = 3.0;  // How sure one must be of that, in deviations of the prediction's error.
  // Under so many trials nothing is predicted, and nobody is hopeless.
  int enough_trials = 32;
  int first_of_each = 4;   // So many of the fastest of each neighbour are measured first.
  double fading = 0.5;     // Weight of each neighbour over that of the one before it.
  double shrinkage = 2.0;  // Weight, in trials, of the assumption that a setting does not matter.
};

struct Priors {
  std::vector<int> first;     // Indices of `candidates`, for RaceInput.first.
  std::vector<int> hopeless;  // For RaceInput.hopeless.
};

// `neighbours`: the nearest first. A candidate that no neighbour measured is predicted from its
// settings: ln(slower) as a sum of one term for each setting's value, fitted to all trials by
// penalised least squares. Whoever is predicted to be slower than `cut` by `sigmas` deviations is
// hopeless. Pure; linear in the number of settings.
Priors PriorsFrom(std::span<const Neighbour> neighbours, std::span<const Candidate> candidates,
                  const PriorOptions& options);

}  // namespace tactic::timing
