#include "server/lane/restart_budget.h"

#include "gtest/gtest.h"

namespace tactic {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;

TEST(RestartBudgetTest, ClosesAtTheFifthDeathInTheWindow) {
  RestartBudget budget({});
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(budget.AddDeath(i * kMinute));
  EXPECT_TRUE(budget.MayStart(3 * kMinute));
  EXPECT_TRUE(budget.AddDeath(4 * kMinute));
  EXPECT_TRUE(budget.quarantined());
  EXPECT_FALSE(budget.MayStart(4 * kMinute));
}

TEST(RestartBudgetTest, DeathsOutsideTheWindowDoNotCount) {
  RestartBudget budget({});
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(budget.AddDeath(i * 3 * kMinute)) << i;
}

TEST(RestartBudgetTest, ProbesAfterAWhileAndClosesAgainAtTheFirstDeath) {
  RestartBudget budget({});
  for (int i = 0; i < 5; ++i) budget.AddDeath(0);
  EXPECT_FALSE(budget.MayStart(5 * kMinute - 1));
  EXPECT_TRUE(budget.MayStart(5 * kMinute));
  EXPECT_TRUE(budget.AddDeath(11 * kMinute));
  EXPECT_FALSE(budget.MayStart(15 * kMinute));
  EXPECT_TRUE(budget.MayStart(16 * kMinute));
  budget.Forgive();
  EXPECT_FALSE(budget.quarantined());
  EXPECT_FALSE(budget.AddDeath(16 * kMinute));
}

TEST(RestartBudgetTest, WaitsLongerFromDeathToDeathUpToABound) {
  RestartBudgetOptions options;
  options.deaths = 100;
  RestartBudget budget(options);
  EXPECT_EQ(budget.Backoff(0), absl::ZeroDuration());
  budget.AddDeath(0);
  EXPECT_EQ(budget.Backoff(0), absl::Milliseconds(100));
  budget.AddDeath(0);
  EXPECT_EQ(budget.Backoff(0), absl::Milliseconds(200));
  for (int i = 0; i < 50; ++i) budget.AddDeath(0);
  EXPECT_EQ(budget.Backoff(0), absl::Seconds(30));
  EXPECT_EQ(budget.Backoff(10 * kMinute), absl::ZeroDuration());
}

TEST(RestartBudgetTest, QuarantineHoldsWithoutAnyDeath) {
  RestartBudget budget({});
  budget.Quarantine(0);
  EXPECT_FALSE(budget.MayStart(kMinute));
  EXPECT_TRUE(budget.MayStart(5 * kMinute));
}

}  // namespace
}  // namespace tactic
