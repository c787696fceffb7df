#include "server/core/job.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/job_table.h"
#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename State>
std::vector<State> MovesFrom(State from, int states) {
  std::vector<State> moves;
  for (int to = 1; to <= states; ++to) {
    if (CanMove(from, static_cast<State>(to))) moves.push_back(static_cast<State>(to));
  }
  return moves;
}

TEST(JobStateTest, TheTableOfMoves) {
  using enum JobState;
  EXPECT_THAT(MovesFrom(kQueued, 6), ElementsAre(kRunning, kDone, kCancelled, kExpired, kFailed));
  EXPECT_THAT(MovesFrom(kRunning, 6), ElementsAre(kDone, kCancelled, kExpired, kFailed));
  for (const JobState end : {kDone, kCancelled, kExpired, kFailed}) {
    EXPECT_THAT(MovesFrom(end, 6), IsEmpty());
  }
}

TEST(ContestStateTest, TheTableOfMoves) {
  using enum ContestState;
  EXPECT_THAT(MovesFrom(kQueued, 5), ElementsAre(kRunning, kDecided, kFailed, kAbandoned));
  EXPECT_THAT(MovesFrom(kRunning, 5), ElementsAre(kQueued, kDecided, kFailed, kAbandoned));
  for (const ContestState end : {kDecided, kFailed, kAbandoned}) {
    EXPECT_THAT(MovesFrom(end, 5), IsEmpty());
  }
}

TEST(ContestStateTest, AnIllegalMoveChangesNothing) {
  ContestState state = ContestState::kDecided;
  EXPECT_FALSE(Move(state, ContestState::kQueued));
  EXPECT_EQ(state, ContestState::kDecided);
}

JobPtr NewJob(std::string id, std::string request_id, size_t items = 1) {
  auto job = std::make_shared<Job>();
  job->id = std::move(id);
  job->request_id = std::move(request_id);
  job->items.resize(items);
  return job;
}

JobPtr Ended(const JobPtr& job, int64_t unix_ms) {
  auto ended = std::make_shared<Job>(*job);
  ended->state = JobState::kDone;
  ended->ended_unix_ms = unix_ms;
  return ended;
}

TEST(JobTableTest, NumbersGoUp) {
  JobTable table;
  EXPECT_EQ(table.NextId(), "j-1");
  table.Insert(NewJob("j-7", "r"), 0, 0);
  table.Insert(NewJob("j-3", "s"), 0, 0);
  EXPECT_EQ(table.NextId(), "j-8");
  ASSERT_EQ(table.Newest(5).size(), 2u);
  EXPECT_EQ(table.Newest(5)[0]->job->id, "j-7");
}

TEST(JobTableTest, IdsAreFoundExactly) {
  JobTable table;
  table.Insert(NewJob("j-7", "r"), 0, 0);
  EXPECT_NE(table.Find("j-7"), nullptr);
  for (const char* id :
       {"", "j-", "7", "j-07", "j-7 ", "J-7", "j-77777777777777777777777", "j-8"}) {
    EXPECT_EQ(table.Find(id), nullptr) << id;
  }
}

TEST(JobTableTest, VersionsGoUpWithEachChange) {
  JobTable table;
  const JobPtr job = NewJob("j-1", "r");
  const uint64_t before = table.Insert(job, 0, 0).version;
  table.Replace(job);
  EXPECT_GT(table.Find("j-1")->version, before);
}

TEST(JobTableTest, TheNewestJobOfARequestIsFound) {
  JobTable table;
  table.Insert(NewJob("j-1", "r"), 0, 0);
  table.Insert(NewJob("j-2", "r"), 0, 0);
  EXPECT_EQ(table.FindRequest("r")->job->id, "j-2");
  EXPECT_EQ(table.FindRequest("s"), nullptr);
}

TEST(JobTableTest, DeadlinesAreOfUnfinishedJobs) {
  JobTable table;
  table.Insert(NewJob("j-1", "a"), 0, 100);
  table.Insert(NewJob("j-2", "b"), 0, 0);
  table.Insert(NewJob("j-3", "c"), 0, 100);
  EXPECT_THAT(table.PastDeadline(99), IsEmpty());
  EXPECT_THAT(table.PastDeadline(100), ElementsAre("j-1", "j-3"));
  table.Replace(Ended(table.Find("j-1")->job, 5));
  EXPECT_THAT(table.PastDeadline(100), ElementsAre("j-3"));
}

TEST(JobTableTest, WhatWasRefusedStaysMarkedUntilTheWholeJobIsStored) {
  JobTable table;
  const JobPtr job = NewJob("j-1", "a");
  table.Insert(job, 0, 0);
  table.MarkStored("j-1", false);
  table.Replace(job);
  EXPECT_THAT(table.Unstored(), ElementsAre(job));
  table.MarkStored("j-1", true);
  EXPECT_THAT(table.Unstored(), IsEmpty());
}

TEST(JobTableTest, ForgetsEndedJobsOnly) {
  JobTable table;
  EXPECT_EQ(table.ForgetBefore(1000, 10), 0);
  table.Insert(NewJob("j-1", "a"), 0, 0);
  table.Insert(Ended(NewJob("j-2", "b", 4), 100), 0, 0);
  table.Insert(Ended(NewJob("j-3", "c", 4), 200), 0, 0);
  EXPECT_EQ(table.ForgetBefore(100, 8), 0);
  EXPECT_EQ(table.ForgetBefore(150, 8), 150);
  EXPECT_EQ(table.ForgetBefore(0, 7), 101);
  EXPECT_EQ(table.ForgetBefore(0, 3), 201);
  table.Forget(101);
  EXPECT_EQ(table.Find("j-2"), nullptr);
  EXPECT_EQ(table.FindRequest("b"), nullptr);
  EXPECT_NE(table.Find("j-3"), nullptr);
  EXPECT_EQ(table.ForgetBefore(0, 4), 0);
}

}  // namespace
}  // namespace tactic::testing
