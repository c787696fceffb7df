#include "server/lane/contest.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lane/lane_samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::CandidateList;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Optional;
using testing::Results;
using testing::StatusIs;

using Kind = Death::Kind;
using wire::LaunchPhase;

class ContestTest : public ::testing::Test {
 protected:
  ContestTest() { EXPECT_THAT(contest_.record().AddCandidates(CandidateList(4)), IsOk()); }

  static Death DeathOf(Kind kind, uint32_t candidate, LaunchPhase phase = LaunchPhase::kSample) {
    return {kind, "killed by SIGSEGV", {1, 0, candidate, static_cast<uint32_t>(phase)}, {}};
  }
  static Death Overwritten(Kind kind) {
    return {kind, "killed by SIGSEGV", {1, 0, 2, JournalFollower::kOverwritten}, {}};
  }
  void Screened(uint32_t candidate) {
    ASSERT_THAT(contest_.record().AddResults(Results({{candidate, 100}}), 0, contest_.epoch()),
                IsOk());
  }
  // As the next worker is told.
  std::vector<uint32_t> Suspects() const {
    std::vector<uint32_t> suspects;
    const v1::Run run = contest_.NextRun(true);
    for (const v1::Candidate& candidate : run.suspects()) {
      suspects.push_back(candidate.tactic().empty()
                             ? 0
                             : static_cast<uint32_t>(candidate.tactic(0).value().int_value()));
    }
    return suspects;
  }
  const Trial& TrialOf(uint32_t i) const { return contest_.record().trial(i); }

  Contest contest_{testing::EchoSpec(), {testing::SampleRunner()}, 10, 1 << 20};
};

TEST_F(ContestTest, TheNextWorkerHearsWhatIsKnown) {
  v1::Run first = contest_.NextRun(true);
  EXPECT_EQ(first.run(), 10u);
  EXPECT_EQ(first.epoch(), 0u);
  EXPECT_EQ(first.seed(), 7u);
  EXPECT_EQ(first.problem().op(), "echo");
  EXPECT_EQ(first.memory_limit_bytes(), 1u << 20);
  EXPECT_EQ(first.earlier_size(), 0);

  Screened(0);
  ASSERT_THAT(contest_.record().AddResults(Results({{1, 0}}), 0, 0), IsOk());
  contest_.AddDeath(DeathOf(Kind::kCrash, 2));
  const v1::Run second = contest_.NextRun(true);
  EXPECT_EQ(second.run(), 11u);
  EXPECT_EQ(second.epoch(), 1u);
  ASSERT_EQ(second.earlier_size(), 2);
  EXPECT_EQ(second.earlier(0).samples().nanoseconds(0), 100);
  EXPECT_EQ(second.earlier(1).outcome(), v1::OUTCOME_WRONG_RESULT);
  const v1::Run brief = contest_.NextRun(false);
  ASSERT_EQ(brief.earlier_size(), 1);
  EXPECT_EQ(brief.earlier(0).outcome(), v1::OUTCOME_WRONG_RESULT);
}

TEST_F(ContestTest, TheNextWorkerHearsWhatOfTheBudgetIsSpent) {
  EXPECT_EQ(contest_.NextRun(true).spent_seconds(), 0);
  contest_.SetSpent(1.5);
  EXPECT_EQ(contest_.NextRun(true).spent_seconds(), 1.5);
}

TEST_F(ContestTest, AHangIsFailedAtOnce) {
  EXPECT_TRUE(contest_.AddDeath(DeathOf(Kind::kHang, 2)));
  EXPECT_EQ(TrialOf(2).outcome, Outcome::kTimedOut);
  EXPECT_THAT(TrialOf(2).detail, HasSubstr("while sampling"));
  EXPECT_THAT(Suspects(), IsEmpty());
}

TEST_F(ContestTest, ACrashIsFailedWhenItCrashesAlone) {
  EXPECT_TRUE(contest_.AddDeath(DeathOf(Kind::kCrash, 2)));
  EXPECT_FALSE(contest_.record().failed(2));
  EXPECT_THAT(Suspects(), ElementsAre(2));
  EXPECT_TRUE(contest_.AddDeath(DeathOf(Kind::kCrash, 2, LaunchPhase::kValidate)));
  EXPECT_EQ(TrialOf(2).outcome, Outcome::kCrashed);
  EXPECT_EQ(
      TrialOf(2).detail,
      "killed by SIGSEGV while validating, also when run before all others in a fresh worker");
  EXPECT_THAT(Suspects(), IsEmpty());
}

TEST_F(ContestTest, AVictimIsClearedWhenItPassesAlone) {
  contest_.AddDeath(DeathOf(Kind::kCrash, 2));
  Screened(2);
  contest_.AddDeath(DeathOf(Kind::kCrash, 3));
  EXPECT_FALSE(contest_.record().failed(2));
  EXPECT_THAT(Suspects(), ElementsAre(3));
}

TEST_F(ContestTest, WhoPassesAloneButDiesAgainAndAgainIsFailed) {
  contest_.AddDeath(DeathOf(Kind::kCrash, 2));
  Screened(2);
  contest_.AddDeath(DeathOf(Kind::kCrash, 2));
  EXPECT_FALSE(contest_.record().failed(2));
  EXPECT_THAT(Suspects(), ElementsAre(2, 0, 1, 3));
  for (const uint32_t i : {2, 0, 1, 3}) Screened(i);
  contest_.AddDeath(DeathOf(Kind::kCrash, 2));
  EXPECT_EQ(TrialOf(2).outcome, Outcome::kCrashed);
  EXPECT_THAT(TrialOf(2).detail, HasSubstr("3 times in one contest"));
}

TEST_F(ContestTest, ACandidateThatForgesTheJournalIsFoundByOrder) {
  // 3 crashes and blames 0, which passes alone, and is blamed again: then all run in order.
  contest_.AddDeath(DeathOf(Kind::kCrash, 0));
  Screened(0);
  contest_.AddDeath(DeathOf(Kind::kCrash, 0));
  for (const uint32_t i : {0, 1, 2}) Screened(i);
  contest_.AddDeath(DeathOf(Kind::kCrash, 0));
  EXPECT_FALSE(contest_.record().failed(0));
  EXPECT_THAT(Suspects(), ElementsAre(3));
  contest_.AddDeath(DeathOf(Kind::kCrash, 0));
  EXPECT_FALSE(contest_.record().failed(0));
  EXPECT_EQ(TrialOf(3).outcome, Outcome::kCrashed);
}

TEST_F(ContestTest, ACandidateThatWritesOverTheJournalIsFoundByOrder) {
  EXPECT_FALSE(contest_.AddDeath(Overwritten(Kind::kHang)));
  EXPECT_THAT(contest_.last_finding(), HasSubstr("no candidate is to blame"));
  EXPECT_THAT(Suspects(), ElementsAre(0, 1, 2, 3));
  Screened(0);
  EXPECT_TRUE(contest_.AddDeath(Overwritten(Kind::kHang)));
  EXPECT_EQ(TrialOf(1).outcome, Outcome::kTimedOut);
  EXPECT_THAT(contest_.GoOn(), IsOk());
}

TEST_F(ContestTest, RubbishIsBlamedOnWhoRanMeanwhileNotOnWhoRunsNow) {
  Death death = DeathOf(Kind::kProtocolError, 3);
  death.ran_during_damage = {2};
  EXPECT_TRUE(contest_.AddDeath(death));
  EXPECT_THAT(Suspects(), ElementsAre(2));
  EXPECT_TRUE(contest_.AddDeath(death));
  EXPECT_EQ(TrialOf(2).outcome, Outcome::kProtocolError);
  EXPECT_FALSE(contest_.record().failed(3));
}

TEST_F(ContestTest, RubbishInARoundMakesAllOfItSuspectsAndNobodyGuilty) {
  Death death = DeathOf(Kind::kProtocolError, 3);
  death.ran_during_damage = {1, 3};
  for (int i = 0; i < Contest::kUnblamedDeaths; ++i) {
    EXPECT_THAT(contest_.GoOn(), IsOk());
    EXPECT_TRUE(contest_.AddDeath(death));
    EXPECT_THAT(Suspects(), ElementsAre(1, 3));
    Screened(1);
    Screened(3);
  }
  EXPECT_THAT(contest_.GoOn(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("one of 2")));
  EXPECT_EQ(contest_.record().failures(), 0u);
}

TEST_F(ContestTest, AnIdleDeathIsSuspectedOfWhoRanLast) {
  EXPECT_TRUE(contest_.AddDeath(DeathOf(Kind::kCrash, 1, LaunchPhase::kIdle)));
  EXPECT_THAT(Suspects(), ElementsAre(1));
  EXPECT_FALSE(contest_.AddDeath(DeathOf(Kind::kCrash, wire::kNoCandidate, LaunchPhase::kIdle)));
  EXPECT_EQ(contest_.record().failures(), 0u);
}

TEST_F(ContestTest, AnIdleHangIsNoVerdictYet) {
  contest_.AddDeath(DeathOf(Kind::kHang, 1, LaunchPhase::kIdle));
  EXPECT_FALSE(contest_.record().failed(1));
  EXPECT_THAT(Suspects(), ElementsAre(1));
}

TEST_F(ContestTest, AProblemThatKillsInTheReferenceCannotBeRun) {
  const Death death = DeathOf(Kind::kCrash, wire::kNoCandidate, LaunchPhase::kReference);
  EXPECT_FALSE(contest_.AddDeath(death));
  EXPECT_THAT(contest_.GoOn(), IsOk());
  EXPECT_FALSE(contest_.AddDeath(death));
  EXPECT_THAT(contest_.GoOn(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("cannot be run: 2 workers died")));
}

TEST_F(ContestTest, GivesUpWhenCandidatesEndTooManyWorkers) {
  for (int i = 0; i < Contest::kBlamedDeaths; ++i) {
    EXPECT_EQ(contest_.WornOut(), std::nullopt);
    contest_.AddDeath(DeathOf(Kind::kHang, 1));
  }
  EXPECT_THAT(contest_.WornOut(), Optional(HasSubstr("ended 256 workers")));
}

TEST(JournalFollowerTest, NoticesThatTheJournalWasWrittenOver) {
  JournalFollower follower;
  const auto phase = static_cast<uint32_t>(LaunchPhase::kSample);
  EXPECT_EQ(follower.Follow({5, 0, 1, phase}).phase, phase);
  EXPECT_EQ(follower.Follow({5, 0, 1, 99}).phase, JournalFollower::kOverwritten);
  EXPECT_EQ(follower.Follow({0, 0, 0, 0}).phase, JournalFollower::kOverwritten);
  EXPECT_EQ(follower.Follow({6, 0, 1, phase}).phase, phase);
}

TEST(JournalFollowerTest, APageOfZerosIsFreshOnlyBeforeTheFirstStep) {
  JournalFollower follower;
  EXPECT_EQ(follower.Follow({0, 0, 0, 0}).phase, 0u);
  follower.SawStep();
  EXPECT_EQ(follower.Follow({0, 0, 0, 0}).phase, JournalFollower::kOverwritten);
}

TEST(CandidateOfTest, BelievesOnlyWhatCanBe) {
  const auto phase = static_cast<uint32_t>(LaunchPhase::kSample);
  EXPECT_EQ(CandidateOf({1, 0, 3, phase}, 4), 3u);
  EXPECT_EQ(CandidateOf({1, 0, 4, phase}, 4), std::nullopt);
  EXPECT_EQ(CandidateOf({1, 0, 3, static_cast<uint32_t>(LaunchPhase::kReference)}, 4),
            std::nullopt);
  EXPECT_EQ(CandidateOf({1, 0, 3, 1234}, 4), std::nullopt);
}

}  // namespace
}  // namespace tactic
