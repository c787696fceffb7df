#include "server/core/scheduler.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool Any(const Scheduler::Contest&) { return true; }

class SchedulerTest : public ::testing::Test {
 protected:
  void Add(int variant, std::string job, size_t item, std::string client,
           std::vector<std::string> runners = {}, bool verify = false) {
    const Key key = SampleKey(variant);
    scheduler_.Add(key, {FingerprintOf(key), std::move(runners), verify},
                   {std::move(job), item, std::move(client)});
  }
  static Scheduler::Subject SubjectOf(int variant) {
    return {FingerprintOf(SampleKey(variant)), {}, false};
  }
  std::optional<std::stop_source> Detach(int variant, const std::string& job, size_t item) {
    return scheduler_.Detach(SubjectOf(variant), job, item);
  }
  // The size of m of the next contest, which identifies it; 0 = none.
  int64_t TakeNext() {
    taken_ = scheduler_.Take(0, Any);
    return taken_ ? taken_->key.problem.inputs[0].dims[0].opt : 0;
  }

  Scheduler scheduler_;
  std::optional<Scheduler::Contest> taken_;
};

TEST_F(SchedulerTest, EmptyHasNothing) {
  EXPECT_FALSE(scheduler_.HasWork(Any));
  EXPECT_EQ(TakeNext(), 0);
}

TEST_F(SchedulerTest, FirstComeFirstServedInsideAClient) {
  for (int variant = 0; variant < 3; ++variant) Add(variant, "j-1", variant, "a");
  EXPECT_EQ(scheduler_.QueuedCount(), 3u);
  EXPECT_EQ(TakeNext(), 1);
  EXPECT_EQ(TakeNext(), 2);
  EXPECT_EQ(TakeNext(), 3);
  EXPECT_EQ(scheduler_.QueuedCount(), 0u);
}

TEST_F(SchedulerTest, VerifyingWaitsUntilNothingElseDoes) {
  Add(0, "j-1", 0, "a", {}, true);
  Add(1, "j-1", 1, "a", {}, true);
  Add(2, "j-2", 0, "a");
  Add(3, "j-3", 0, "b");
  EXPECT_EQ(TakeNext(), 3);
  EXPECT_EQ(TakeNext(), 4);
  EXPECT_EQ(TakeNext(), 1);
  EXPECT_TRUE(taken_->verify);
  Add(4, "j-4", 0, "b");
  EXPECT_EQ(TakeNext(), 5);
  EXPECT_EQ(TakeNext(), 2);
}

TEST_F(SchedulerTest, VerifyingIsAnotherContestThanDeciding) {
  Add(0, "j-1", 0, "a");
  Add(0, "j-2", 0, "b", {}, true);
  EXPECT_EQ(scheduler_.QueuedCount(), 2u);
  EXPECT_EQ(TakeNext(), 1);
  EXPECT_THAT(taken_->waiters, ElementsAre(Scheduler::Waiter{"j-1", 0, "a"}));
  EXPECT_EQ(TakeNext(), 1);
  EXPECT_THAT(taken_->waiters, ElementsAre(Scheduler::Waiter{"j-2", 0, "b"}));
}

TEST_F(SchedulerTest, ClientsTakeTurns) {
  for (int variant = 0; variant < 3; ++variant) Add(variant, "j-1", variant, "a");
  Add(10, "j-2", 0, "b");
  Add(20, "j-3", 0, "c");
  Add(21, "j-3", 1, "c");
  std::vector<int64_t> order;
  while (const int64_t m = TakeNext()) order.push_back(m);
  EXPECT_THAT(order, ElementsAre(1, 11, 21, 2, 22, 3));
}

TEST_F(SchedulerTest, WhoeverJoinsLateDoesNotWaitForTheFirstClientsQueue) {
  for (int variant = 0; variant < 5; ++variant) Add(variant, "j-1", variant, "a");
  Add(4, "j-2", 0, "b");
  EXPECT_EQ(TakeNext(), 1);
  EXPECT_EQ(TakeNext(), 5);
  EXPECT_THAT(taken_->waiters, SizeIs(2));
  EXPECT_EQ(TakeNext(), 2);
}

TEST_F(SchedulerTest, FiltersOfRunnersAreSetsAndSeparate) {
  Add(0, "j-1", 0, "a", {"x", "y"});
  Add(0, "j-2", 0, "a", {"y", "x", "y"});
  Add(0, "j-3", 0, "a");
  EXPECT_EQ(scheduler_.QueuedCount(), 2u);
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_THAT(taken_->runners, ElementsAre("x", "y"));
  EXPECT_THAT(taken_->waiters, SizeIs(2));
}

TEST_F(SchedulerTest, ALaneGetsWhatItAccepts) {
  Add(0, "j-1", 0, "a");
  Add(1, "j-1", 1, "a");
  const auto second = [](const Scheduler::Contest& contest) {
    return contest.key.problem.inputs[0].dims[0].opt == 2;
  };
  const auto none = [](const Scheduler::Contest&) { return false; };
  EXPECT_FALSE(scheduler_.HasWork(none));
  EXPECT_EQ(scheduler_.Take(1, none), std::nullopt);
  const auto taken = scheduler_.Take(1, second);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->lane, 1u);
  EXPECT_EQ(TakeNext(), 1);
}

TEST_F(SchedulerTest, ARequeuedContestKeepsItsPlaceAndCountsFailures) {
  Add(0, "j-1", 0, "a");
  Add(1, "j-1", 1, "a");
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_THAT(scheduler_.Requeue(taken_->id, true), SizeIs(1));
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_EQ(taken_->failures, 1);
  scheduler_.Requeue(taken_->id, false);
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_EQ(taken_->failures, 1);
}

TEST_F(SchedulerTest, ARunningContestCanBeJoined) {
  Add(0, "j-1", 0, "a");
  ASSERT_EQ(TakeNext(), 1);
  Add(0, "j-2", 3, "b");
  EXPECT_EQ(TakeNext(), 0);
  const Scheduler::Waiter first = {"j-1", 0, "a"};
  const Scheduler::Waiter second = {"j-2", 3, "b"};
  const uint64_t id = scheduler_.Find(SubjectOf(0))->id;
  EXPECT_THAT(scheduler_.Finish(id), ElementsAre(first, second));
  EXPECT_EQ(scheduler_.Find(id), nullptr);
}

TEST_F(SchedulerTest, DetachDropsAQueuedContestThatNobodyWaitsFor) {
  Add(0, "j-1", 0, "a");
  Add(0, "j-2", 0, "b");
  EXPECT_FALSE(Detach(0, "j-1", 0));
  EXPECT_EQ(scheduler_.QueuedCount(), 1u);
  EXPECT_FALSE(Detach(0, "j-2", 0));
  EXPECT_EQ(scheduler_.QueuedCount(), 0u);
  EXPECT_EQ(TakeNext(), 0);
}

TEST_F(SchedulerTest, DetachOfTheLastWaiterStopsARunningContest) {
  Add(0, "j-1", 0, "a");
  Add(0, "j-1", 1, "a");
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_FALSE(Detach(0, "j-1", 0));
  std::optional<std::stop_source> stop = Detach(0, "j-1", 1);
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->get_token(), taken_->stop.get_token());
  // It can no longer be joined.
  const uint64_t stopped = taken_->id;
  Add(0, "j-2", 0, "a");
  ASSERT_EQ(TakeNext(), 1);
  EXPECT_NE(taken_->id, stopped);
  EXPECT_THAT(scheduler_.Requeue(stopped, false), IsEmpty());
  EXPECT_EQ(scheduler_.Find(stopped), nullptr);
  EXPECT_NE(scheduler_.Find(SubjectOf(0)), nullptr);
}

TEST_F(SchedulerTest, DetachOfSomethingUnknownDoesNothing) {
  EXPECT_FALSE(Detach(0, "j-1", 0));
  Add(0, "j-1", 0, "a");
  EXPECT_FALSE(Detach(0, "j-9", 0));
  EXPECT_EQ(TakeNext(), 1);
}

TEST_F(SchedulerTest, ProgressIsKeptWithTheContest) {
  Add(0, "j-1", 0, "a");
  ASSERT_EQ(TakeNext(), 1);
  ContestProgress progress;
  progress.remaining = 7;
  scheduler_.SetProgress(taken_->id, progress);
  EXPECT_EQ(scheduler_.Find(taken_->id)->progress.remaining, 7u);
  scheduler_.SetProgress(99, progress);  // A contest that is over: nothing.
}

}  // namespace
}  // namespace tactic::testing
