// What holds for every race.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runners/timing/race.h"
#include "runners/timing/trace_sampler.h"
#include "tests/timing/race_driver.h"

namespace tactic::timing {
namespace {

// A machine on which anything happens: any time or failure at any step.
FunctionSampler::Answer Chaos(uint64_t seed) {
  return [random = std::mt19937_64(seed)](int candidate, int) mutable {
    switch (random() % 24) {
      case 0:
        return FailedWith(candidate, Outcome::kWrongResult);
      case 1:
        return Took(candidate, std::nan(""));
      case 2:
        return Took(candidate, 0);
      default:
        return Took(candidate, 100 + static_cast<double>(random() % 40));
    }
  };
}

RaceInput AnyInput() {
  RaceInput input = PlainInput(*rc::gen::inRange(0, 40), *rc::gen::arbitrary<uint64_t>());
  input.first = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-2, 45));
  if (*rc::gen::arbitrary<bool>()) input.incumbent = *rc::gen::inRange(-1, 41);
  input.default_candidate = *rc::gen::inRange(0, 2);
  input.hopeless = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-2, 45));
  input.tie_rank.clear();
  return input;
}

RC_GTEST_PROP(RaceProperties, EndsAndNeverPicksAFailedCandidate, ()) {
  const RaceInput input = AnyInput();
  RaceOptions options;
  options.budget_ns = *rc::gen::element(0.0, 500.0, 10000.0);
  Race race(input, options);
  FunctionSampler sampler(Chaos(input.seed));
  int steps = 0;
  for (auto step = race.Next(); step.kind != Race::Step::Kind::kDone; step = race.Next()) {
    // At worst every candidate fails in a round of its own, after which the finals begin anew.
    RC_ASSERT(++steps < 40 + 60 * 41);
    RC_ASSERT(!step.candidates.empty());
    if (step.kind == Race::Step::Kind::kScreen) {
      race.Add(step, std::vector{sampler.Screen(step.candidates[0])});
    } else {
      race.Add(step, sampler.Round(step.candidates));
    }
  }
  const Verdict verdict = race.Decide();
  std::set<int> valid;
  for (int i = 0; i < input.candidates; ++i) {
    if (IsValid(race.TrialOf(i).outcome)) valid.insert(i);
  }
  RC_ASSERT(std::set<int>(verdict.order.begin(), verdict.order.end()) == valid);
  RC_ASSERT(verdict.order.size() == valid.size());
  RC_ASSERT(verdict.pick == (valid.empty() ? -1 : verdict.order.front()));
}

RC_GTEST_PROP(RaceProperties, SameSeedAndTimesGiveTheSameStepsAndVerdict, ()) {
  const RaceInput input = AnyInput();
  Race one(input, {});
  Race two(input, {});
  FunctionSampler a(Chaos(input.seed));
  FunctionSampler b(Chaos(input.seed));
  const auto steps_one = RunToEnd(one, a);
  const auto steps_two = RunToEnd(two, b);
  RC_ASSERT(steps_one.size() == steps_two.size());
  for (size_t i = 0; i < steps_one.size(); ++i) {
    RC_ASSERT(steps_one[i].candidates == steps_two[i].candidates);
  }
  RC_ASSERT(one.Decide().order == two.Decide().order);
}

// Times of which none is closer to the least than `gap`, except those told.
std::vector<double> Field(int candidates, double gap) {
  std::vector<double> times;
  for (int i = 0; i < candidates; ++i) {
    times.push_back(10000 * (1 + gap + *rc::gen::inRange(0, 100) * 0.01));
  }
  return times;
}

RC_GTEST_PROP(RaceProperties, FindsTheClearLeaderUnderNoise, (uint64_t seed)) {
  const int candidates = *rc::gen::inRange(2, 30);
  std::vector<double> times = Field(candidates, 0.08);
  const int best = *rc::gen::inRange(0, candidates);
  times[static_cast<size_t>(best)] = 10000;
  Race race(PlainInput(candidates, seed), {});
  // Rounds vary by 10 %, single samples by 2 %: only pairing within rounds sees 8 %.
  FunctionSampler sampler(Noisy(times, 0.1, 0.02, seed));
  RunToEnd(race, sampler);
  RC_ASSERT(race.Decide().pick == best);
}

RC_GTEST_PROP(RaceProperties, KeepsTheIncumbentInsideTheZone, (uint64_t seed)) {
  const int candidates = *rc::gen::inRange(2, 30);
  std::vector<double> times = Field(candidates, 0);
  const int incumbent = *rc::gen::inRange(0, candidates);
  times[static_cast<size_t>(incumbent)] = 10000 + *rc::gen::inRange(0, 51);  // Up to 0.5 % slower.
  RaceInput input = PlainInput(candidates, seed);
  input.incumbent = incumbent;
  Race race(input, {});
  // Single samples vary by up to 3 %, six times as much as the zone is wide.
  const double own = *rc::gen::inRange(0, 31) * 0.001;
  FunctionSampler sampler(Noisy(times, 0.1, own, seed));
  RunToEnd(race, sampler);
  RC_ASSERT(race.Decide().pick == incumbent);
}

RC_GTEST_PROP(RaceProperties, GivesUpAnIncumbentThatIsClearlySlower, (uint64_t seed)) {
  const int candidates = *rc::gen::inRange(2, 30);
  std::vector<double> times = Field(candidates, 0.05);
  const int incumbent = *rc::gen::inRange(1, candidates);
  times[0] = 10000;
  times[static_cast<size_t>(incumbent)] = 10400;
  RaceInput input = PlainInput(candidates, seed);
  input.incumbent = incumbent;
  Race race(input, {});
  FunctionSampler sampler(Noisy(times, 0.1, 0.01, seed));
  RunToEnd(race, sampler);
  RC_ASSERT(race.Decide().pick == 0);
}

RC_GTEST_PROP(RaceProperties, PrefersTheDefaultInsideTheZone, (uint64_t seed)) {
  const int candidates = *rc::gen::inRange(2, 30);
  std::vector<double> times = Field(candidates, 0.04);
  const int twin = *rc::gen::inRange(1, candidates);
  times[0] = 10010;
  times[static_cast<size_t>(twin)] = 10000;
  Race race(PlainInput(candidates, seed), {});
  FunctionSampler sampler(Noisy(times, 0.1, 0.0002, seed));
  RunToEnd(race, sampler);
  RC_ASSERT(race.Decide().pick == 0);
  RC_ASSERT(race.Decide().reason == Reason::kDefault);
}

// Times as machines make them when they misbehave.
FunctionSampler::Answer Strange(uint64_t seed) {
  return [random = std::mt19937_64(seed), seed](int candidate, int round) mutable {
    std::uniform_real_distribution<double> uniform;
    const double level = 1000 + 10 * candidate;
    switch ((seed + static_cast<uint64_t>(candidate)) % 4) {
      case 0:  // Two modes.
        return Took(candidate, level * (random() % 2 == 0 ? 1 : 1.4));
      case 1:  // Changes speed half way.
        return Took(candidate, round < 20 ? level : level * 0.7);
      case 2:  // A tail without a mean.
        return Took(candidate, level / (1e-9 + uniform(random)));
      default:  // One value, ever.
        return Took(candidate, level);
    }
  };
}

RC_GTEST_PROP(RaceProperties, DecidesWithAReasonHoweverTimesAreDistributed, (uint64_t seed)) {
  const int candidates = *rc::gen::inRange(1, 40);
  Race race(PlainInput(candidates, seed), {});
  FunctionSampler sampler(Strange(seed));
  RunToEnd(race, sampler);
  RC_ASSERT(sampler.rounds() <= 60);
  const Verdict verdict = race.Decide();
  RC_ASSERT(verdict.pick >= 0 && verdict.pick < candidates);
  RC_ASSERT(verdict.tied >= 1);
  RC_ASSERT((verdict.reason == Reason::kOnly) == (candidates == 1));
  // What is called clear stands alone.
  RC_ASSERT(verdict.reason != Reason::kClear || verdict.tied == 1);
}

// Recordings in which anything stands where a time should.
TraceProblem AnyRecording() {
  const float nan = std::nanf("");
  const auto sample = rc::gen::element(10.0f, 11.0f, 12.0f, 0.0f, nan, -1.0f, INFINITY);
  const auto good = rc::gen::element(10.0f, 11.0f, 30.0f);
  TraceProblem problem;
  const int rows = *rc::gen::inRange(1, 12);
  for (int i = 0; i < rows; ++i) {
    const auto count = *rc::gen::element<size_t>(0, 1, 2, 3, 25);
    const bool all_good = *rc::gen::arbitrary<bool>();
    problem.rows.push_back(
        {{}, *rc::gen::container<std::vector<float>>(count, all_good ? good : sample)});
  }
  return problem;
}

RC_GTEST_PROP(RaceProperties, EndsOnAnyRecording, (uint64_t seed)) {
  const TraceProblem problem = AnyRecording();
  TraceOptions options{.first = *rc::gen::inRange<size_t>(0, 2), .stride = 2, .seed = seed};
  options.resample = *rc::gen::arbitrary<bool>();
  Race race(PlainInput(static_cast<int>(problem.rows.size()), seed), {});
  TraceSampler sampler(problem, options);
  RunToEnd(race, sampler);
  const Verdict verdict = race.Decide();
  for (size_t i = 0; i < problem.rows.size(); ++i) {
    const auto& samples = problem.rows[i].samples_us;
    const bool valid = IsValid(race.TrialOf(static_cast<int>(i)).outcome);
    const auto is_time = [](float us) { return std::isfinite(us) && us > 0; };
    if (valid) RC_ASSERT(std::any_of(samples.begin(), samples.end(), is_time));
    if (!samples.empty() && std::all_of(samples.begin(), samples.end(), is_time)) {
      RC_ASSERT(valid);
      RC_ASSERT(verdict.pick >= 0);
    }
  }
  RC_ASSERT(std::isfinite(sampler.spent_ns()));
  if (verdict.pick >= 0) RC_ASSERT(IsValid(race.TrialOf(verdict.pick).outcome));
}

}  // namespace
}  // namespace tactic::timing
