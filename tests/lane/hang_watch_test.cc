#include "server/lane/hang_watch.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tactic {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr int64_t kMs = 1'000'000;

HangLimits Limits() {
  return {.candidate_step = absl::Milliseconds(1000),
          .own_step = absl::Milliseconds(5000),
          .idle = absl::Milliseconds(2000),
          .grace = absl::Milliseconds(100)};
}

JournalSnapshot Step(uint64_t sequence, wire::LaunchPhase phase, int64_t deadline_ns) {
  return {sequence, static_cast<uint64_t>(deadline_ns), 0, static_cast<uint32_t>(phase)};
}

TEST(HangWatchTest, AStepThatPassedItsDeadlineGetsGraceAndNoMore) {
  HangWatch watch(Limits(), 0);
  const JournalSnapshot step = Step(1, wire::LaunchPhase::kSample, 500 * kMs);
  EXPECT_EQ(watch.Check(step, false, 100 * kMs), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 500 * kMs);
  EXPECT_EQ(watch.Check(step, false, 500 * kMs), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 600 * kMs);
  EXPECT_THAT(watch.Check(step, false, 600 * kMs), Optional(HasSubstr("no progress for 500ms")));
}

TEST(HangWatchTest, ProgressWithinGraceClearsTheStep) {
  HangWatch watch(Limits(), 0);
  EXPECT_EQ(watch.Check(Step(1, wire::LaunchPhase::kSample, 100 * kMs), false, 0), std::nullopt);
  // As after a suspend of the machine: everything is overdue at once.
  EXPECT_EQ(watch.Check(Step(1, wire::LaunchPhase::kSample, 100 * kMs), false, 9000 * kMs),
            std::nullopt);
  EXPECT_EQ(watch.Check(Step(2, wire::LaunchPhase::kSample, 9500 * kMs), false, 9200 * kMs),
            std::nullopt);
}

TEST(HangWatchTest, NoStepGetsMoreThanItsLimitWhateverTheJournalSays) {
  HangWatch watch(Limits(), 0);
  const JournalSnapshot step = Step(1, wire::LaunchPhase::kPrepare, int64_t{1} << 62);
  EXPECT_EQ(watch.Check(step, false, 0), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 1000 * kMs);
  EXPECT_EQ(watch.Check(step, false, 1000 * kMs), std::nullopt);
  EXPECT_NE(watch.Check(step, true, 1100 * kMs), std::nullopt);
}

TEST(HangWatchTest, NoDeadlineMeansTheLimit) {
  HangWatch watch(Limits(), 0);
  const JournalSnapshot reference = Step(1, wire::LaunchPhase::kReference, 0);
  EXPECT_EQ(watch.Check(reference, false, 0), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 5000 * kMs);
  const JournalSnapshot overwritten = {2, 0, 0, JournalFollower::kOverwritten};
  EXPECT_EQ(watch.Check(overwritten, false, 10 * kMs), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 1010 * kMs);
}

TEST(HangWatchTest, FramesAreALifeSignOnlyWhileNothingRuns) {
  HangWatch watch(Limits(), 0);
  const JournalSnapshot idle = Step(0, wire::LaunchPhase::kIdle, 0);
  EXPECT_EQ(watch.Check(idle, false, 2000 * kMs), std::nullopt);
  EXPECT_EQ(watch.Check(idle, true, 2050 * kMs), std::nullopt);
  EXPECT_EQ(watch.CheckAtNs(), 4050 * kMs);
  EXPECT_EQ(watch.Check(idle, false, 4050 * kMs), std::nullopt);
  EXPECT_THAT(watch.Check(idle, false, 4150 * kMs), Optional(HasSubstr("no progress for 2.1s")));
}

}  // namespace
}  // namespace tactic
