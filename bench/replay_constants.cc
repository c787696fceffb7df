#include "bench/replay_constants.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string_view>

#include "bench/replay_summary.h"

namespace tactic::bench {
namespace {

struct Constant {
  std::string_view name;
  std::function<double(const ReplayOptions&)> get;
  std::function<void(ReplayOptions&, double)> set;
  bool of_sweep = false;  // Matters where there are priors.
  bool ratio = false;     // Of times: what is halved and doubled is how far it lies above 1.
};

template <typename Struct, typename T>
Constant Of(std::string_view name, Struct ReplayOptions::*part, T Struct::*field,
            bool ratio = false) {
  return {name,
          [=](const ReplayOptions& options) { return static_cast<double>(options.*part.*field); },
          [=](ReplayOptions& options, double value) {
            options.*part.*field =
                std::is_same_v<T, int> ? static_cast<T>(std::lround(value)) : static_cast<T>(value);
          },
          std::is_same_v<Struct, timing::PriorOptions> || name == "audit_share", ratio};
}

const std::vector<Constant>& Constants() {
  using Race = timing::RaceOptions;
  using Priors = timing::PriorOptions;
  constexpr auto kRace = &ReplayOptions::race;
  constexpr auto kPriors = &ReplayOptions::priors;
  static const std::vector<Constant> all = {Of("first_cut", kRace, &Race::first_cut, true),
                                            Of("round_cut", kRace, &Race::round_cut, true),
                                            Of("drop_risk", kRace, &Race::drop_risk),
                                            Of("end_risk", kRace, &Race::end_risk),
                                            Of("zone", kRace, &Race::zone),
                                            Of("sigmas", kRace, &Race::sigmas),
                                            Of("incumbent_zone", kRace, &Race::incumbent_zone),
                                            Of("incumbent_sigmas", kRace, &Race::incumbent_sigmas),
                                            Of("incumbent_rounds", kRace, &Race::incumbent_rounds),
                                            Of("error_floor", kRace, &Race::error_floor),
                                            Of("floor_rounds", kRace, &Race::floor_rounds),
                                            Of("single_error", kRace, &Race::single_error),
                                            Of("dependence", kRace, &Race::dependence),
                                            Of("pooled_rounds", kRace, &Race::pooled_rounds),
                                            Of("min_rounds", kRace, &Race::min_rounds),
                                            Of("full_rounds", kRace, &Race::full_rounds),
                                            Of("finalists", kRace, &Race::finalists),
                                            Of("final_rounds", kRace, &Race::final_rounds),
                                            Of("control_every", kRace, &Race::control_every),
                                            Of("slow_ns", kRace, &Race::slow_ns),
                                            Of("audit_share", kRace, &Race::audit_share),
                                            Of("prior_cut", kPriors, &Priors::cut, true),
                                            Of("prior_sigmas", kPriors, &Priors::sigmas),
                                            Of("enough_trials", kPriors, &Priors::enough_trials),
                                            Of("first_of_each", kPriors, &Priors::first_of_each),
                                            Of("fading", kPriors, &Priors::fading),
                                            Of("shrinkage", kPriors, &Priors::shrinkage)};
  return all;
}

double Scaled(const Constant& constant, double value, double factor) {
  return constant.ratio ? 1 + (value - 1) * factor : value * factor;
}

void PrintRow(std::string_view name, double value, const Summary& s) {
  std::printf("| %-16.*s | %8g | %.3f | %.2f | %.2f | %.4f | %.2f | %.2f |\n",
              static_cast<int>(name.size()), name.data(), value, s.mean_regret_pct,
              s.p95_regret_pct, s.max_regret_pct, s.cost_ratio, 100 * s.repeat_within_1pct,
              100 * s.repeat_with_incumbent);
}

}  // namespace

std::optional<std::string> SetConstant(const std::string& assignment, ReplayOptions& options) {
  const size_t equals = std::min(assignment.find('='), assignment.size());
  const std::string name = assignment.substr(0, equals);
  const std::string text = equals < assignment.size() ? assignment.substr(equals + 1) : "";
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0 || value > 1e9) {
    return "--set: '" + assignment + "' must be NAME=VALUE with a number from 0 to 1e9";
  }
  std::string known;
  for (const Constant& constant : Constants()) {
    if (constant.name == name) {
      constant.set(options, value);
      return std::nullopt;
    }
    known += (known.empty() ? "" : ", ") + std::string(constant.name);
  }
  return "--set: '" + name + "' is no constant; these are: " + known;
}

void PrintSensitivity(const std::vector<const timing::TraceProblem*>& problems,
                      const ReplayOptions& options) {
  std::puts("| constant | value | mean regret % | p95 % | max % | cost | repeat % | incumbent % |");
  std::puts("|---|---|---|---|---|---|---|---|");
  PrintRow("as it is", 1, Summarise(ReplayAll(problems, options)));
  for (const Constant& constant : Constants()) {
    if (constant.of_sweep != options.sweep) continue;
    for (const double factor : {0.5, 2.0}) {
      ReplayOptions changed = options;
      constant.set(changed, Scaled(constant, constant.get(options), factor));
      PrintRow(constant.name, constant.get(changed), Summarise(ReplayAll(problems, changed)));
      std::fflush(stdout);
    }
  }
}

}  // namespace tactic::bench
