#include "runners/timing/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "runners/timing/race.h"
#include "tests/timing/race_driver.h"

namespace tactic::timing {
namespace {

using ::testing::SizeIs;

constexpr SearchStrategy kAll[] = {SearchStrategy::kRandom, SearchStrategy::kLocal,
                                   SearchStrategy::kModel};

// 3072 tactics of six settings.
std::vector<Candidate> Space() {
  std::vector<Candidate> space;
  for (int64_t i = 0; i < 4 * 4 * 4 * 4 * 4 * 3; ++i) {
    space.push_back({{"kernel", "1"},
                     {{"a", i % 4},
                      {"b", i / 4 % 4},
                      {"c", i / 16 % 4},
                      {"d", i / 64 % 4},
                      {"e", i / 256 % 4},
                      {"f", i / 1024}}});
  }
  return space;
}

// Settings that matter each by itself, and two that matter together only.
double TimeOf(const Candidate& candidate) {
  const auto value = [&](const char* name) {
    return static_cast<double>(candidate.tactic.IntOr(name, 0));
  };
  double log = 0.2 * std::abs(value("a") - 2) + 0.15 * value("b") + 0.1 * value("c") +
               0.05 * std::abs(value("d") - 1);
  if (value("e") != value("f")) log += 0.3;
  return 1000 * std::exp(log);
}

// The best of `evaluations`, over the best there is.
double BestFound(SearchStrategy strategy, uint64_t seed, int evaluations) {
  const std::vector<Candidate> space = Space();
  const auto search = MakeSearch(strategy, space, seed);
  double best = INFINITY;
  for (int i = 0; i < evaluations; ++i) {
    const int candidate = search->Next().value();
    const double time = TimeOf(space[static_cast<size_t>(candidate)]);
    search->Tell(candidate, time);
    best = std::min(best, time);
  }
  return best / 1000;
}

double MeanBestFound(SearchStrategy strategy, int evaluations) {
  constexpr int kSeeds = 20;
  double sum = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) sum += BestFound(strategy, seed, evaluations);
  return sum / kSeeds;
}

TEST(Search, ProposesEachCandidateOnceAndNoneThatWasToldOf) {
  for (const SearchStrategy strategy : kAll) {
    const std::vector<Candidate> space = Space();
    const auto search = MakeSearch(strategy, space, 3);
    std::set<int> seen = {5, 17};
    search->Tell(5, 1000.0);
    search->Tell(17, std::nullopt);
    while (const std::optional<int> next = search->Next()) {
      ASSERT_TRUE(seen.insert(*next).second) << Name(strategy) << " " << *next;
      if (*next % 3 == 0) continue;  // Some are proposed and never told of.
      search->Tell(*next, *next % 5 == 0 ? std::nullopt : std::optional(1000.0 + *next));
    }
    EXPECT_THAT(seen, SizeIs(space.size()));
  }
}

TEST(Search, TheSameSeedGivesTheSameProposals) {
  for (const SearchStrategy strategy : kAll) {
    EXPECT_EQ(BestFound(strategy, 11, 200), BestFound(strategy, 11, 200));
  }
}

TEST(Search, WhereEverythingFailsItGoesOn) {
  for (const SearchStrategy strategy : kAll) {
    const std::vector<Candidate> space = Space();
    const auto search = MakeSearch(strategy, space, 3);
    for (int i = 0; i < 200; ++i) search->Tell(search->Next().value(), std::nullopt);
  }
}

TEST(Search, ASpaceOfOneIsSearched) {
  for (const SearchStrategy strategy : kAll) {
    const std::vector<Candidate> space = {{{"kernel", "1"}, {}}};
    const auto search = MakeSearch(strategy, space, 3);
    EXPECT_EQ(search->Next(), 0);
    EXPECT_EQ(search->Next(), std::nullopt);
    EXPECT_EQ(MakeSearch(strategy, {}, 3)->Next(), std::nullopt);
  }
}

TEST(Search, LooksAroundTheBest) {
  const std::vector<Candidate> space = Space();
  const auto search = MakeSearch(SearchStrategy::kLocal, space, 3);
  for (int i = 0; i < 40; ++i) search->Tell(i, i == 7 ? 900.0 : 1000.0);
  for (int i = 0; i < 9; ++i) {  // So many of its neighbours are left.
    const Tactic& near = space[static_cast<size_t>(search->Next().value())].tactic;
    int different = 0;
    for (const Parameter& parameter : near.items()) {
      different += *space[7].tactic.Find(parameter.name) == parameter.value ? 0 : 1;
    }
    EXPECT_EQ(different, 1) << near.ToText();
  }
}

TEST(Search, TheStrategiesFindMoreThanChance) {
  const double by_chance = MeanBestFound(SearchStrategy::kRandom, 150);
  const double local = MeanBestFound(SearchStrategy::kLocal, 150);
  const double model = MeanBestFound(SearchStrategy::kModel, 150);
  EXPECT_GT(by_chance, 1.08);
  EXPECT_LT(local, 1.04);
  EXPECT_LT(model, 1.01);
}

TEST(Search, NamesAreParsedBack) {
  for (const SearchStrategy strategy : kAll) {
    EXPECT_EQ(ParseSearchStrategy(Name(strategy)), strategy);
  }
  EXPECT_EQ(ParseSearchStrategy("exhaustive"), std::nullopt);
}

TEST(RaceWithSearch, ScreensWhatIsProposedAndDecidesAmongIt) {
  const std::vector<Candidate> space = Space();
  RaceInput input = PlainInput(static_cast<int>(space.size()));
  input.first = {3000};
  input.search = [&] { return MakeSearch(SearchStrategy::kModel, space, 5); };
  RaceOptions options;
  options.searched = 200;
  Race race(input, options);
  FunctionSampler sampler([&](int candidate, int) {
    if (candidate % 10 == 9) return FailedWith(candidate, Outcome::kRejected);
    return Took(candidate, TimeOf(space[static_cast<size_t>(candidate)]));
  });
  RunToEnd(race, sampler);
  EXPECT_EQ(race.Screened(), 200);
  EXPECT_FALSE(race.TrialOf(3000).samples.empty());
  EXPECT_FALSE(race.TrialOf(0).samples.empty());  // The default.
  const Verdict verdict = race.Decide();
  ASSERT_GE(verdict.pick, 0);
  EXPECT_LT(TimeOf(space[static_cast<size_t>(verdict.pick)]), 1000 * 1.06);
  int not_measured = 0;
  for (int i = 0; i < static_cast<int>(space.size()); ++i) {
    not_measured += race.TrialOf(i).outcome == Outcome::kNotMeasured ? 1 : 0;
  }
  EXPECT_EQ(not_measured, static_cast<int>(space.size()) - 200);
  EXPECT_LT(race.Failed(), 200);
}

TEST(RaceWithSearch, TheBudgetEndsTheSearch) {
  const std::vector<Candidate> space = Space();
  RaceInput input = PlainInput(static_cast<int>(space.size()));
  input.search = [&] { return MakeSearch(SearchStrategy::kRandom, space, 5); };
  Race race(input, {});
  FunctionSampler sampler(
      [&](int candidate, int) { return Took(candidate, candidate == 0 ? 200 : 100); });
  for (int i = 0; i < 30; ++i) {
    const Race::Step step = race.Next();
    ASSERT_EQ(step.kind, Race::Step::Kind::kScreen);
    race.Add(step, std::vector{sampler.Screen(step.candidates[0])});
  }
  race.EndBudget();
  EXPECT_EQ(race.Next().kind, Race::Step::Kind::kDone);
  EXPECT_EQ(race.Decide().reason, Reason::kBudget);
}

}  // namespace
}  // namespace tactic::timing
