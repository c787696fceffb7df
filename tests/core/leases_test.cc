// Leases with a clock that is moved by hand: one holder, waiting, expiry, fence, blame, hand-over,
// and the lane.
#include "server/core/leases.h"

#include <condition_variable>
#include <functional>
#include <mutex>

#include "tests/core/tuner_fixture.h"
#include "tests/support/contest_samples.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kTtlMs = 1000;
constexpr auto kFenced = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// A key of an op that the daemon does not know, on the device of its lane.
Key OwnKey(int64_t m = 16) {
  Key key = SampleKey();
  key.problem = GemmProblem(m);
  key.problem.op = "own";
  key.environment.components = {{"runner:r", "1"}};
  return key;
}

// The same on a device that is no lane's.
Key ElsewhereKey() {
  Key key = OwnKey();
  key.environment.device.arch = "sm_90";
  return key;
}

class LeasesTest : public TunerTest {
 protected:
  LeasesTest() { Open(); }
  ~LeasesTest() override {
    StopLane();
    leases_.reset();
  }

  void Open(LeaseOptions options = {.epoch = "run-1", .ttl_ms = kTtlMs}) {
    leases_ = std::make_unique<Leases>(*tuner_, *catalog_, clock_, std::move(options));
  }

  absl::StatusOr<uint64_t> TryEnter(const Key& key, std::string client, bool again = false) {
    return leases_->Enter({key, std::move(client), "", again}, [this] {
      const std::lock_guard lock(mu_);
      ++wakes_;
      woken_.notify_all();
    });
  }
  // The grant, as soon as it comes.
  LeaseGrant AwaitGrant(uint64_t ticket) {
    while (true) {
      std::unique_lock lock(mu_);
      const int seen = wakes_;
      lock.unlock();
      const LeaseState state = leases_->Look(ticket);
      if (const auto* grant = std::get_if<LeaseGrant>(&state)) return *grant;
      lock.lock();
      woken_.wait(lock, [&] { return wakes_ != seen; });
    }
  }
  uint64_t Enter(const Key& key, std::string client, bool again = false) {
    const auto ticket = TryEnter(key, std::move(client), again);
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(0);
  }
  // Acquires a lease that is free.
  LeaseGrant Acquire(const Key& key, std::string client, bool again = false) {
    const uint64_t ticket = Enter(key, std::move(client), again);
    LeaseGrant grant = Granted(ticket);
    leases_->Leave(ticket, true);
    return grant;
  }
  LeaseGrant Granted(uint64_t ticket) {
    const LeaseState state = leases_->Look(ticket);
    EXPECT_TRUE(std::holds_alternative<LeaseGrant>(state)) << Why(ticket);
    return std::holds_alternative<LeaseGrant>(state) ? std::get<LeaseGrant>(state) : LeaseGrant();
  }
  std::string Why(uint64_t ticket) {
    const LeaseState state = leases_->Look(ticket);
    const auto* waiting = std::get_if<LeaseWaiting>(&state);
    return waiting == nullptr ? "" : waiting->reason;
  }
  absl::Status List(const LeaseGrant& grant, int count = 3) {
    return leases_->Report({.token = grant.token, .candidates = CandidateList(count)});
  }
  absl::Status Launch(const LeaseGrant& grant, uint32_t candidate) {
    return leases_->Report({.token = grant.token, .launching = candidate});
  }
  absl::Status Tell(const LeaseGrant& grant, const std::vector<Item>& items) {
    return leases_->Report({.token = grant.token, .results = Results(items)});
  }
  DecisionPtr Standing(const Key& key) { return catalog_->Find(FingerprintOf(key)); }

  std::unique_ptr<Leases> leases_;
  std::mutex mu_;
  std::condition_variable woken_;
  int wakes_ = 0;
};

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

TEST_F(LeasesTest, WhoLeavesTheQueueIsPassedOver) {
  const LeaseGrant a = Acquire(OwnKey(), "a");
  const uint64_t b = Enter(OwnKey(), "b");
  const uint64_t c = Enter(OwnKey(), "c");
  leases_->Leave(b, true);
  leases_->Disconnected(a.token);
  Granted(c);
}

TEST_F(LeasesTest, ALeasedLaneRunsNoContest) {
  EXPECT_EQ(leases_->HolderOfLane(0), "");
  const LeaseGrant a = Acquire(OwnKey(), "a");
  EXPECT_EQ(leases_->HolderOfLane(0), "a");
  StartLane();
  const std::string job = Tune(Ask({16}));
  // A second key of the same device waits as well.
  const uint64_t other = Enter(OwnKey(17), "b");
  EXPECT_THAT(Why(other), HasSubstr("lane host is in use"));
  EXPECT_EQ(lane_.runs(), 0u);
  leases_->Disconnected(a.token);
  // The contest has waited too, and it is its turn.
  lane_.AwaitRun();
  EXPECT_THAT(Why(other), HasSubstr("in use"));
  lane_.Answer(GoodResult());
  AwaitEnd(job);
  AwaitGrant(other);
}

TEST_F(LeasesTest, ARunningContestFinishesFirstAndTheNextOneWaits) {
  StartLane();
  const std::string job = Tune(Ask({16, 32}));
  lane_.AwaitRun();
  const uint64_t a = Enter(OwnKey(), "a");
  EXPECT_THAT(Why(a), HasSubstr("lane host is in use"));
  lane_.Answer(GoodResult());
  const LeaseGrant grant = AwaitGrant(a);
  EXPECT_EQ(lane_.runs(), 1u);
  lane_.AnswerAll();
  leases_->Disconnected(grant.token);
  AwaitEnd(job);
}

TEST_F(LeasesTest, AnotherDeviceNeedsNoLane) {
  StartLane();
  const std::string job = Tune(Ask({16}));
  lane_.AwaitRun();
  EXPECT_EQ(Acquire(ElsewhereKey(), "a").lane, "");
  lane_.Answer(GoodResult());
  AwaitEnd(job);
}

TEST_F(LeasesTest, LanesAreCheckedByNameAndDevice) {
  EXPECT_THAT(leases_->Enter({OwnKey(), "a", "host", false}, [] {}), IsOk());
  EXPECT_THAT(leases_->Enter({OwnKey(), "a", "cuda:0", false}, [] {}),
              StatusIs(kInvalid, AllOf(HasSubstr("'cuda:0'"), HasSubstr("known: host"))));
  EXPECT_THAT(leases_->Enter({ElsewhereKey(), "a", "host", false}, [] {}), StatusIs(kInvalid));
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

TEST_F(LeasesTest, ADecisionOfAContestSettlesWhoWaits) {
  const Key key{GemmProblem(16), Resolve({}, DeviceKind::kHost),
                EnvironmentOf(lane_.Info(), lane_.Info().ops[0])};
  StartLane();
  const std::string job = Tune(Ask({16}));
  lane_.AwaitRun();
  const uint64_t a = Enter(key, "a");
  lane_.Answer(GoodResult());
  AwaitEnd(job);
  EXPECT_EQ(std::get<LeaseOutcome>(leases_->Look(a)).decision, Standing(key));
}

}  // namespace
}  // namespace tactic::testing
