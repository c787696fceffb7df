// How leases end: with a result, by time, by a broken connection, by a report that cannot be right;
// who is to blame, what the next holder gets, and what the last one is told.
#include "tests/core/leases_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(LeasesTest, ALeaseEndsWithoutASignOfLifeAndItsCandidateHung) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(a), IsOk());
  ASSERT_THAT(Tell(a, {{0, 300}}), IsOk());
  ASSERT_THAT(Launch(a, 1), IsOk());
  const uint64_t b = Enter(OwnKey(), "b");
  for (int i = 0; i < 5; ++i) {  // Each is a sign of life.
    clock_.Advance(kTtlMs - 1);
    ASSERT_THAT(leases_->Renew(a.token), IsOk());
  }
  clock_.Advance(kTtlMs - 1);
  leases_->Tick();
  EXPECT_THAT(Why(b), HasSubstr("client a"));
  clock_.Advance(1);
  leases_->Tick();
  const LeaseGrant next = Granted(b);
  EXPECT_GT(next.token.fence, a.token.fence);
  EXPECT_EQ(next.epoch, 1u);
  ASSERT_THAT(next.earlier, SizeIs(3));
  EXPECT_THAT(next.earlier[0].samples, ElementsAre(Sample{0, 0, 300}));
  EXPECT_EQ(next.earlier[1].outcome, Outcome::kTimedOut);
  EXPECT_THAT(next.earlier[1].detail,
              AllOf(HasSubstr("client a"), HasSubstr("no sign of life for 1000 ms")));
  EXPECT_TRUE(IsValid(next.earlier[2].outcome));
}

TEST_F(LeasesTest, ALateReportIsRefusedByItsFence) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(a), IsOk());
  clock_.Advance(kTtlMs);
  EXPECT_THAT(Launch(a, 1), StatusIs(kFenced, HasSubstr("no sign of life")));
  const LeaseGrant b = Acquire(OwnKey(), "b");
  const auto refused = AllOf(HasSubstr("lease.fence: 1 "), HasSubstr("no sign of life for 1000 ms"),
                             HasSubstr("client b holds the key now, with fence 2"));
  EXPECT_THAT(Tell(a, {{0, 1}}), StatusIs(kFenced, refused));
  EXPECT_THAT(leases_->Renew(a.token), StatusIs(kFenced, refused));
  EXPECT_THAT(leases_->Complete(a.token, VerdictOver(3, {0})), StatusIs(kFenced, refused));
  EXPECT_THAT(leases_->GiveUp(a.token, ""), StatusIs(kFenced, refused));
  leases_->Disconnected(a.token);  // Harms nobody.
  EXPECT_THAT(leases_->Renew(b.token), IsOk());
  EXPECT_EQ(Standing(OwnKey()), nullptr);
  // However late it is.
  leases_->Disconnected(b.token);
  EXPECT_THAT(leases_->Renew(a.token), StatusIs(kFenced, HasSubstr("no sign of life for 1000 ms")));
}

TEST_F(LeasesTest, TokensOfAnotherRunOrOfNoLeaseAreRefused) {
  LeaseToken token = Acquire(OwnKey(), "a").token;
  token.epoch = "run-0";
  EXPECT_THAT(leases_->Renew(token), StatusIs(kFenced, HasSubstr("another run of the daemon")));
  token.epoch = "run-1";
  token.fence = 77;
  EXPECT_THAT(leases_->Renew(token), StatusIs(kFenced, HasSubstr("77")));
  token.key = FingerprintOf(OwnKey(999));
  EXPECT_THAT(leases_->Renew(token), StatusIs(kFenced, HasSubstr("acquire it again")));
}

TEST_F(LeasesTest, ADeadClientsCandidateCrashedAndTheNextGoesOnWithoutIt) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(a), IsOk());
  ASSERT_THAT(Tell(a, {{0, 300}}), IsOk());
  ASSERT_THAT(Launch(a, 2), IsOk());
  leases_->Disconnected(a.token);
  const LeaseGrant b = Acquire(OwnKey(), "b");
  EXPECT_EQ(b.epoch, 1u);
  EXPECT_EQ(b.earlier[2].outcome, Outcome::kCrashed);
  EXPECT_THAT(b.earlier[2].detail, HasSubstr("client a ended while it ran this"));
  ASSERT_THAT(List(b), IsOk());
  EXPECT_THAT(Tell(b, {{0, 310}}), IsOk());
  ASSERT_THAT(Tell(b, {{1, 100}}), IsOk());
  const auto outcome = leases_->Complete(b.token, VerdictOver(3, {1, 0}));
  ASSERT_THAT(outcome, IsOk());
  const Evidence evidence = store_.LoadEvidence(outcome->decision->id).value();
  EXPECT_EQ(evidence.worker_restarts, 1u);
  EXPECT_THAT(evidence.trials[0].samples, ElementsAre(Sample{0, 0, 300}, Sample{1, 0, 310}));
  EXPECT_EQ(evidence.trials[2].outcome, Outcome::kCrashed);
}

TEST_F(LeasesTest, ABlamedCandidateMustNotBeLaunchedAgain) {
  LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Launch(grant, 1), IsOk());
  leases_->Disconnected(grant.token);
  grant = Acquire(OwnKey(), "b");
  ASSERT_THAT(List(grant), IsOk());
  EXPECT_THAT(Launch(grant, 1), StatusIs(kInvalid, HasSubstr("candidate 1 has failed")));
  EXPECT_THAT(leases_->Renew(grant.token), StatusIs(kFenced, HasSubstr("a report was refused")));
}

TEST_F(LeasesTest, BetweenTrialsNobodyIsToBlame) {
  const std::function<void(const LeaseGrant&)> ends[] = {
      [&](const LeaseGrant& grant) { leases_->Disconnected(grant.token); },
      [&](const LeaseGrant&) { clock_.Advance(kTtlMs); },
      [&](const LeaseGrant& grant) { EXPECT_THAT(leases_->GiveUp(grant.token, "x"), IsOk()); },
  };
  uint32_t holders = 0;
  for (const auto& end : ends) {
    const LeaseGrant grant = Acquire(OwnKey(), "a");
    EXPECT_EQ(grant.epoch, holders++);
    ASSERT_THAT(List(grant), IsOk());
    ASSERT_THAT(Launch(grant, 0), IsOk());
    ASSERT_THAT(Tell(grant, {{0, 300}}), IsOk());
    end(grant);
    leases_->Tick();
  }
  const LeaseGrant last = Acquire(OwnKey(), "b");
  EXPECT_THAT(last.earlier[0].samples, SizeIs(3));
  for (const Trial& trial : last.earlier) EXPECT_TRUE(IsValid(trial.outcome));
}

TEST_F(LeasesTest, GivingUpBlamesNobodyEvenInTheMiddle) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Launch(grant, 0), IsOk());
  ASSERT_THAT(leases_->GiveUp(grant.token, "the user asked"), IsOk());
  EXPECT_THAT(leases_->Renew(grant.token), StatusIs(kFenced, HasSubstr("the user asked")));
  EXPECT_TRUE(IsValid(Acquire(OwnKey(), "b").earlier[0].outcome));
}

TEST_F(LeasesTest, ARenewedLeaseWithoutReportsHangsToo) {
  Open({.epoch = "run-1", .ttl_ms = kTtlMs, .stall_ms = 5 * kTtlMs});
  const LeaseGrant a = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(a), IsOk());
  ASSERT_THAT(Launch(a, 1), IsOk());
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(kTtlMs - 1);
    ASSERT_THAT(leases_->Renew(a.token), IsOk());
  }
  clock_.Advance(kTtlMs - 1);
  ASSERT_THAT(leases_->Renew(a.token), IsOk());
  clock_.Advance(5);
  EXPECT_THAT(leases_->Renew(a.token), StatusIs(kFenced, HasSubstr("no report for 5000 ms")));
  EXPECT_EQ(Acquire(OwnKey(), "b").earlier[1].outcome, Outcome::kTimedOut);
}

TEST_F(LeasesTest, ReportsThatCannotBeRightEndTheLease) {
  const std::pair<TrialReport, const char*> cases[] = {
      {{.results = Results({{0, 1}})}, "the list comes first"},
      {{.candidates = {{SampleRunner("stranger"), {}}}}, "'stranger' is not one"},
      {{.candidates = CandidateList(2), .results = Results({{2, 1}})}, "2 is not below 2"},
      {{.candidates = CandidateList(2), .launching = 2}, "launching: 2 is not below 2"},
  };
  for (auto [report, why] : cases) {
    report.token = Acquire(OwnKey(), "a").token;
    EXPECT_THAT(leases_->Report(report), StatusIs(kInvalid, HasSubstr(why)));
    EXPECT_THAT(leases_->Renew(report.token), StatusIs(kFenced));
  }
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  EXPECT_THAT(List(grant), StatusIs(kInvalid, HasSubstr("listed before")));
}

TEST_F(LeasesTest, AReportOfNothingIsASignOfLife) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kTtlMs - 1);
    EXPECT_THAT(leases_->Report({.token = grant.token}), IsOk());
  }
  leases_->Disconnected(grant.token);
  EXPECT_EQ(Acquire(OwnKey(), "b").epoch, 0u);  // The first one measured nothing.
}

TEST_F(LeasesTest, AVerdictThatDoesNotFitLeavesTheLease) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}}), IsOk());
  EXPECT_THAT(leases_->Complete(grant.token, VerdictOver(3, {1})),
              StatusIs(kInvalid, HasSubstr("never measured")));
  EXPECT_THAT(leases_->Complete(grant.token, VerdictOver(3, {0})), IsOk());
}

TEST_F(LeasesTest, WhatTheStoreRefusesIsNotAcknowledgedAndCanBeSaidAgain) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}}), IsOk());
  faulty_store_.FailPutContest(Fault::kRefuse);
  EXPECT_FALSE(leases_->Complete(grant.token, VerdictOver(3, {0})).ok());
  EXPECT_EQ(Standing(OwnKey()), nullptr);
  faulty_store_.FailPutContest(Fault::kNone);
  EXPECT_THAT(leases_->Complete(grant.token, VerdictOver(3, {0})), IsOk());
  EXPECT_NE(Standing(OwnKey()), nullptr);
}

TEST_F(LeasesTest, NothingEndsALeaseWhoseResultIsBeingStored) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}}), IsOk());
  int calls = 0;
  const uint64_t subscription = catalog_->Subscribe([&] {  // Between the store and the answer.
    ++calls;
    clock_.Advance(kTtlMs);
    leases_->Tick();
    leases_->Disconnected(grant.token);
    EXPECT_THAT(leases_->GiveUp(grant.token, "no"),
                StatusIs(kFenced, HasSubstr("being completed")));
    EXPECT_THAT(Tell(grant, {{7, 1}}), StatusIs(kInvalid));
    EXPECT_THAT(leases_->Complete(grant.token, VerdictOver(3, {0})),
                StatusIs(absl::StatusCode::kUnavailable));
  });
  EXPECT_THAT(leases_->Complete(grant.token, VerdictOver(3, {0})), IsOk());
  EXPECT_EQ(calls, 1);
  catalog_->Unsubscribe(subscription);
}

TEST_F(LeasesTest, AGrantThatNobodyReceivedIsTakenBack) {
  const uint64_t a = Enter(OwnKey(), "a");
  const LeaseGrant grant = Granted(a);
  leases_->Leave(a, /*received=*/false);
  EXPECT_THAT(leases_->Renew(grant.token), StatusIs(kFenced, HasSubstr("had gone")));
  Acquire(OwnKey(), "b");
}

}  // namespace
}  // namespace tactic::testing
