// Leases from the request to the decision: one holder a key, who waits, what is refused.
#include "server/core/neighbours.h"
#include "tests/core/leases_fixture.h"
#include "tests/support/ban_samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(LeasesTest, AHolderMeasuresAndTheDaemonDecidesAndStores) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  EXPECT_EQ(grant.ttl_ms, kTtlMs);
  EXPECT_EQ(grant.lane, "host");
  EXPECT_EQ(grant.epoch, 0u);
  EXPECT_THAT(grant.earlier, IsEmpty());
  EXPECT_FALSE(grant.spec.incumbent);
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Launch(grant, 0), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}}), IsOk());
  ASSERT_THAT(Tell(grant, {{1, 100}, {2, 0}}), IsOk());
  clock_.Advance(500);
  const auto outcome = leases_->Complete(grant.token, VerdictOver(3, {1, 0}));
  ASSERT_THAT(outcome, IsOk());
  ASSERT_NE(outcome->decision, nullptr);
  EXPECT_EQ(outcome->decision, Standing(OwnKey()));  // Published.
  EXPECT_EQ(outcome->decision->ranking[0].candidate, CandidateList(2)[1]);
  EXPECT_EQ(outcome->decision->default_ns, 300);
  const Evidence evidence = store_.LoadEvidence(outcome->decision->id).value();
  ASSERT_THAT(evidence.trials, SizeIs(3));
  EXPECT_EQ(evidence.trials[2].outcome, Outcome::kWrongResult);
  EXPECT_EQ(evidence.seconds, 0.5);
  EXPECT_EQ(evidence.worker_restarts, 0u);

  // Said again, it gives the same answer; anything else is over.
  const auto repeated = leases_->Complete(grant.token, VerdictOver(3, {1, 0}));
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->decision, outcome->decision);
  EXPECT_THAT(leases_->Renew(grant.token), StatusIs(kFenced, HasSubstr("it was completed")));
}

TEST_F(LeasesTest, AHolderIsToldWhatNeighbouringContestsMeasured) {
  const LeaseGrant first = Acquire(OwnKey(16), "a");
  EXPECT_THAT(first.spec.neighbours, IsEmpty());
  ASSERT_THAT(List(first), IsOk());
  ASSERT_THAT(Tell(first, {{0, 300}, {1, 100}, {2, 0}}), IsOk());
  ASSERT_THAT(leases_->Complete(first.token, VerdictOver(3, {1, 0})), IsOk());

  const LeaseGrant next = Acquire(OwnKey(32), "b");
  const DecisionPtr decided = Standing(OwnKey(16));
  ASSERT_NE(decided, nullptr);
  EXPECT_THAT(next.spec.neighbours,
              ElementsAre(NeighbourOf(*decided, store_.LoadEvidence(decided->id).value())));
  EXPECT_EQ(next.spec.neighbours[0].trials[0].candidate, CandidateList(2)[1]);
}

TEST_F(LeasesTest, AHolderIsToldWhatIsBannedAndMustNotRunIt) {
  const std::vector<Candidate> list = CandidateList(3);
  ASSERT_THAT(tuner_->PutBan(BanOf(list[1])), IsOk());
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(grant.spec.bans.all(), SizeIs(1));
  // Of what is banned later this contest knows nothing: both sides go by the grant.
  ASSERT_THAT(tuner_->PutBan(BanOf(list[2])), IsOk());
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Launch(grant, 2), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}, {2, 100}}), IsOk());
  const auto outcome = leases_->Complete(grant.token, VerdictOver(3, {2, 0}));
  ASSERT_THAT(outcome, IsOk());
  const Evidence evidence = store_.LoadEvidence(outcome->decision->id).value();
  EXPECT_EQ(evidence.trials[1].outcome, Outcome::kRejected);
  EXPECT_THAT(evidence.trials[1].detail, HasSubstr("banned: "));

  const LeaseGrant next = Acquire(OwnKey(32), "b");
  ASSERT_THAT(List(next), IsOk());
  EXPECT_THAT(Launch(next, 1), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("candidate 1 has failed: banned")));
}

TEST_F(LeasesTest, ADecisionOfWhichAllIsBannedDoesNotSettleARequest) {
  const LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Tell(grant, {{0, 300}, {1, 100}, {2, 200}}), IsOk());
  ASSERT_THAT(leases_->Complete(grant.token, VerdictOver(3, {1, 0, 2})), IsOk());
  for (const Ranked& ranked : Standing(OwnKey())->ranking) {
    ASSERT_THAT(tuner_->PutBan(BanOf(ranked.candidate)), IsOk());
  }
  const LeaseGrant next = Acquire(OwnKey(), "b");
  EXPECT_THAT(next.earlier, IsEmpty()) << "what was found was for a decision that is made";
  EXPECT_FALSE(next.spec.incumbent);
}

TEST_F(LeasesTest, OneHolderAKeyAndTheOthersAreToldWhoItIs) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  const uint64_t b = Enter(OwnKey(), "b");
  const LeaseState state = leases_->Look(b);
  ASSERT_TRUE(std::holds_alternative<LeaseWaiting>(state));
  EXPECT_EQ(std::get<LeaseWaiting>(state).holder, "a");
  EXPECT_THAT(Why(b), HasSubstr("client a holds the key"));
  ASSERT_THAT(List(a), IsOk());
  ASSERT_THAT(Tell(a, {{0, 300}}), IsOk());
  ASSERT_THAT(leases_->Complete(a.token, VerdictOver(3, {0})), IsOk());
  const LeaseState settled = leases_->Look(b);
  ASSERT_TRUE(std::holds_alternative<LeaseOutcome>(settled));
  EXPECT_EQ(std::get<LeaseOutcome>(settled).decision, Standing(OwnKey()));
}

TEST_F(LeasesTest, WhoWaitsIsWokenWhenThereIsNews) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  int wakes = 0;
  const auto b = leases_->Enter({OwnKey(), "b", "", false}, [&] { ++wakes; });
  ASSERT_THAT(b, IsOk());
  EXPECT_EQ(wakes, 1);  // That it waits, and for whom.
  leases_->Tick();
  EXPECT_EQ(wakes, 1);
  ASSERT_THAT(leases_->GiveUp(a.token, "no time"), IsOk());
  EXPECT_EQ(wakes, 2);
  Granted(*b);
}

TEST_F(LeasesTest, WhatIsDecidedNeedsNoLeaseUnlessAskedAgain) {
  LeaseGrant grant = Acquire(OwnKey(), "a");
  ASSERT_THAT(List(grant), IsOk());
  ASSERT_THAT(Tell(grant, {{1, 100}}), IsOk());
  ASSERT_THAT(leases_->Complete(grant.token, VerdictOver(3, {1})), IsOk());
  const uint64_t settled = Enter(OwnKey(), "b");
  EXPECT_TRUE(std::holds_alternative<LeaseOutcome>(leases_->Look(settled)));
  grant = Acquire(OwnKey(), "b", /*again=*/true);
  EXPECT_EQ(grant.spec.incumbent, CandidateList(2)[1]);
  EXPECT_THAT(grant.earlier, IsEmpty());  // A contest of its own.
}

TEST_F(LeasesTest, WithNoValidCandidateAllWhoWaitAreToldWhy) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  const uint64_t b = Enter(OwnKey(), "b");
  ASSERT_THAT(List(a, 1), IsOk());
  ASSERT_THAT(Tell(a, {{0, 0}}), IsOk());
  const auto outcome = leases_->Complete(a.token, VerdictOver(1, {}));
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome->decision, nullptr);
  EXPECT_THAT(outcome->failure, HasSubstr("1 wrong_result"));
  EXPECT_EQ(std::get<LeaseOutcome>(leases_->Look(b)).failure, outcome->failure);
}

TEST_F(LeasesTest, WhoLeavesTheQueueIsPassedOver) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  const uint64_t b = Enter(OwnKey(), "b");
  const uint64_t c = Enter(OwnKey(), "c");
  leases_->Leave(b, true);
  leases_->Disconnected(a.token);
  Granted(c);
}

TEST_F(LeasesTest, AKeyWithoutARunnerIsRefused) {
  Key key = OwnKey();
  key.environment.components = {{"openblas", "0.3.21"}};
  EXPECT_THAT(TryEnter(key, "a"), StatusIs(kInvalid, HasSubstr("runner:NAME")));
}

TEST_F(LeasesTest, KeysAreBoundedAndTheOldestIdleOneGoes) {
  Open({.epoch = "run-1", .ttl_ms = kTtlMs, .max_keys = 2});
  Key a = ElsewhereKey(), b = ElsewhereKey(), c = ElsewhereKey();
  b.problem = GemmProblem(1);
  c.problem = GemmProblem(2);
  const LeaseGrant first = Acquire(a, "a");
  const LeaseGrant second = Acquire(b, "b");
  EXPECT_THAT(TryEnter(c, "c"), StatusIs(absl::StatusCode::kResourceExhausted));
  leases_->Disconnected(first.token);
  EXPECT_THAT(TryEnter(c, "c"), IsOk());
  EXPECT_THAT(leases_->Renew(second.token), IsOk());
}

TEST_F(LeasesTest, ADrainingDaemonGrantsNothing) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  const uint64_t b = Enter(OwnKey(), "b");
  leases_->Drain();
  leases_->Disconnected(a.token);
  EXPECT_THAT(Why(b), HasSubstr("stopping"));
  EXPECT_THAT(TryEnter(OwnKey(1), "c"), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace tactic::testing
