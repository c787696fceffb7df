// Leases and the lane that they keep free.
#include "tests/core/leases_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
