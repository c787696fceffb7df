// Random schedules of delays, losses, pauses, deaths and restarts: no two members ever stand at
// different agreements, and nothing that is off for one has passed for another.
#include <gtest/gtest.h>

#include "tests/groups/simulation.h"

namespace tactic::testing {
namespace {

constexpr uint64_t kSeeds = 1500;

TEST(AgreementPropertyTest, NoTwoMembersStandAtDifferentAgreements) {
  SimulationCounts all;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Simulation simulation(seed, {.members = 2 + seed % 4});
    ASSERT_EQ(simulation.Run(), "") << "seed " << seed;
    all.passed += simulation.counts().passed;
    all.not_passed += simulation.counts().not_passed;
    all.unknown += simulation.counts().unknown;
  }
  // Every way to end was seen often.
  EXPECT_GT(all.passed, 1000);
  EXPECT_GT(all.not_passed, 1000);
  EXPECT_GT(all.unknown, 100);
}

// Delays alone, which may last longer than a call.
TEST(AgreementPropertyTest, WithoutFaultsTheyAgree) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Simulation simulation(seed, {.members = 8, .faults = false});
    ASSERT_EQ(simulation.Run(), "") << "seed " << seed;
    EXPECT_GT(simulation.counts().passed, 0) << "seed " << seed;
  }
}

// The check can fail: it finds what goes wrong when a doubt is taken for a no.
TEST(AgreementPropertyTest, ForgettingADoubtIsFound) {
  int found = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Simulation simulation(seed, {.members = 2 + seed % 4, .forget_doubts = true});
    found += simulation.Run().empty() ? 0 : 1;
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace tactic::testing
