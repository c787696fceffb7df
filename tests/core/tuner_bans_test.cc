// Bans: what they do to answers and contests, and how they are kept.
#include <mutex>

#include "tests/core/tuner_fixture.h"
#include "tests/support/ban_samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Candidate kWinner = GoodResult().ranking[0].candidate;
const Candidate kRunnerUp = GoodResult().ranking[1].candidate;

class TunerBansTest : public TunerTest {
 protected:
  // Decides a problem: the winner, then the runner-up.
  DecisionPtr Decide(int64_t m) {
    if (!lane_thread_.joinable()) StartLane();
    const std::string id = Tune(Ask({m}));
    lane_.AwaitRun();
    lane_.Answer(GoodResult());
    AwaitEnd(id);
    return Lookup(m);
  }
  void PutBan(const Ban& ban) { ASSERT_THAT(tuner_->PutBan(ban), IsOk()); }
};

TEST_F(TunerBansTest, TheFirstCandidateThatIsNotBannedAnswers) {
  const DecisionPtr made = Decide(16);
  PutBan(BanOf(kWinner));
  const DecisionPtr answer = Lookup(16);
  ASSERT_NE(answer, nullptr);
  ASSERT_THAT(answer->ranking, SizeIs(1));
  EXPECT_EQ(answer->ranking[0].candidate, kRunnerUp);
  EXPECT_EQ(answer->id, made->id);
  EXPECT_THAT(tuner_->FindDecision(made->id), IsOkAndHolds(*made)) << "it is as it was made";

  EXPECT_THAT(tuner_->RemoveBan(BanOf(kWinner)), IsOkAndHolds(true));
  EXPECT_EQ(*Lookup(16), *made);
}

TEST_F(TunerBansTest, BansOfARunnerAndOfAnOpReachAsFarAsTheySay) {
  Decide(16);
  PutBan(BanOf(kWinner, "softmax"));
  EXPECT_EQ(Lookup(16)->ranking[0].candidate, kWinner) << "of another op";
  Ban version = BanOf(kWinner.runner);
  version.runner.unique_id = "another";
  PutBan(version);
  EXPECT_EQ(Lookup(16)->ranking[0].candidate, kWinner) << "of another version";
  PutBan(BanOf(kWinner.runner, "gemm"));
  EXPECT_EQ(Lookup(16)->ranking[0].candidate, kRunnerUp);
}

TEST_F(TunerBansTest, WhereNothingIsLeftItIsAMissAndMeasuredAnew) {
  const DecisionPtr made = Decide(16);
  PutBan(BanOf(kWinner));
  EXPECT_TRUE(tuner_->Tune(Ask({16}))->job->items[0].already_decided);
  PutBan(BanOf(kRunnerUp.runner));
  EXPECT_EQ(Lookup(16), nullptr);

  const std::string id = Tune(Ask({16}));
  lane_.AwaitRun();
  ContestResult result = GoodResult();
  const Candidate other = SampleCandidate(7);
  result.ranking = {{other, 120, 119, 121}};
  lane_.Answer(result);
  AwaitEnd(id);
  const DecisionPtr answer = Lookup(16);
  ASSERT_NE(answer, nullptr);
  EXPECT_GT(answer->revision, made->revision);
  EXPECT_EQ(answer->ranking[0].candidate, other);
}

TEST_F(TunerBansTest, AJobOfSomeRunnersIsAnsweredOnlyByOneThatIsNotBanned) {
  Decide(16);
  TuneRequest request = Ask({16});
  request.runners = {kRunnerUp.runner.name};
  EXPECT_TRUE(tuner_->Tune(request)->job->items[0].already_decided);
  PutBan(BanOf(kRunnerUp.runner));
  request.request_id = "another";
  EXPECT_FALSE(tuner_->Tune(request)->job->items[0].already_decided);
}

TEST_F(TunerBansTest, AContestIsToldWhatIsBannedOfItsOpAndNoBannedIncumbent) {
  Decide(16);
  const Ban of_winner = BanOf(kWinner, "gemm");
  PutBan(of_winner);
  PutBan(BanOf(SampleCandidate(9), "softmax"));
  TuneRequest again = Ask({16});
  again.again = true;
  const std::string id = Tune(again);
  const ContestSpec spec = lane_.AwaitRun();
  ASSERT_THAT(spec.bans.all(), SizeIs(1));
  EXPECT_TRUE(SameBan(spec.bans.all()[0], of_winner));
  EXPECT_EQ(spec.incumbent, kRunnerUp) << "what answers now";
  lane_.Answer(GoodResult());
  AwaitEnd(id);
}

TEST_F(TunerBansTest, ABannedMissIsAMissAgain) {
  Decide(16);
  ASSERT_THAT(tuner_->ReportMisses({{GemmProblem(16), {{16, 2048}, {2048, 512}}, 1}}, {}), IsOk());
  EXPECT_NE(tuner_->ListMisses({}, 10)->at(0).decision, nullptr);
  PutBan(BanOf(kWinner.runner));
  PutBan(BanOf(kRunnerUp.runner));
  EXPECT_EQ(tuner_->ListMisses({}, 10)->at(0).decision, nullptr);
}

TEST_F(TunerBansTest, ARestartKeepsThem) {
  Decide(16);
  PutBan(BanOf(kWinner));
  Restart();
  EXPECT_THAT(tuner_->Bans()->bans, SizeIs(1));
  EXPECT_EQ(Lookup(16)->ranking[0].candidate, kRunnerUp);
}

TEST_F(TunerBansTest, AJobThatIsResumedIsNotAnsweredByWhatIsBanned) {
  Decide(16);
  Tune(Ask({32}));
  lane_.AwaitRun();
  StopLane();
  Decision decided = SampleDecision();  // As if decided, and banned, before the restart.
  decided.key = Get("j-2").job->items[0].key;
  decided.ranking = GoodResult().ranking;
  ASSERT_THAT(store_.PutContest(decided.key, decided, SampleEvidence()), IsOk());
  for (const Candidate& candidate : {kWinner, kRunnerUp}) PutBan(BanOf(candidate.runner));
  Restart();
  EXPECT_FALSE(IsTerminal(Get("j-2").job->state));
}

TEST_F(TunerBansTest, BanningAgainIsSaidAndStampedWithTheClock) {
  Ban ban = BanOf(kWinner);
  EXPECT_THAT(tuner_->PutBan(ban), IsOkAndHolds(false));
  clock_.Advance(1000);
  ban.reason = "another";
  EXPECT_THAT(tuner_->PutBan(ban), IsOkAndHolds(true));
  ban.created_unix_ms = clock_.UnixMillis();
  EXPECT_THAT(tuner_->Bans()->bans, ElementsAre(ban));
  EXPECT_THAT(tuner_->RemoveBan(ban), IsOkAndHolds(true));
  EXPECT_THAT(tuner_->RemoveBan(ban), IsOkAndHolds(false));
  EXPECT_THAT(tuner_->Bans()->bans, IsEmpty());
}

TEST_F(TunerBansTest, MoreThanMayHoldAreRefused) {
  for (size_t i = 0; i < limits::kBans; ++i) {
    ASSERT_THAT(store_.PutBan(BanOf(SampleCandidate(static_cast<int>(1 + i)))), IsOk());
  }
  Restart();
  EXPECT_THAT(tuner_->PutBan(BanOf(SampleCandidate(0))),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1024 hold")));
  EXPECT_THAT(tuner_->PutBan(BanOf(SampleCandidate(1))), IsOkAndHolds(true));
}

TEST_F(TunerBansTest, ARefusedBanDoesNotHoldAndOneInDoubtIsReadBack) {
  faulty_store_.FailPutBan(Fault::kRefuse);
  EXPECT_THAT(tuner_->PutBan(BanOf(kWinner)),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("could not be stored")));
  EXPECT_THAT(tuner_->Bans()->bans, IsEmpty());
  faulty_store_.FailPutBan(Fault::kStoreAndFail);
  EXPECT_THAT(tuner_->PutBan(BanOf(kWinner)), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(tuner_->Bans()->bans, SizeIs(1)) << "it is stored, so it holds";
}

TEST_F(TunerBansTest, ABanThatCannotBeReadBackHoldsOnceItCan) {
  faulty_store_.FailLoadBans(Fault::kRefuse);
  EXPECT_THAT(tuner_->PutBan(BanOf(kWinner)), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(tuner_->Bans()->bans, IsEmpty());
  faulty_store_.FailLoadBans(Fault::kNone);
  tuner_->Tick();
  EXPECT_THAT(tuner_->Bans()->bans, SizeIs(1));
}

TEST_F(TunerBansTest, DamagedBansAreSaidLoudlyAndOnce) {
  std::mutex mu;
  std::vector<std::string> damaged;
  options_.on_event = [&](const TunerEvent& event) {
    const std::lock_guard lock(mu);
    if (event.kind == TunerEvent::Kind::kBansDamaged) damaged.push_back(event.detail);
  };
  faulty_store_.DamageBans(2);
  Restart();
  EXPECT_EQ(tuner_->Bans()->damaged, 2u);
  PutBan(BanOf(kWinner));
  EXPECT_THAT(damaged, ElementsAre(HasSubstr("2 bans in the store are damaged and do NOT hold")));
}

}  // namespace
}  // namespace tactic::testing
