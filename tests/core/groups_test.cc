// Who takes part in an agreement, when it passes, and everything that makes it be off.
#include "server/core/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/fakes.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GroupsTest : public ::testing::Test {
 protected:
  static GroupRequest Request(const std::string& member, size_t size = 3, int64_t limit_ms = 1000) {
    GroupRequest request;
    request.group = "g";
    request.member = member;
    request.size = size;
    request.limit_ms = limit_ms;
    request.client = "client of " + member;
    return request;
  }
  absl::StatusOr<uint64_t> TryJoin(GroupRequest request) {
    return groups_.Join(std::move(request), [this] { ++wakes_; });
  }
  uint64_t Join(const GroupRequest& request) {
    const auto ticket = TryJoin(request);
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(0);
  }
  // Members m0, m1, m2 join.
  std::vector<uint64_t> JoinAll() {
    return {Join(Request("m0")), Join(Request("m1")), Join(Request("m2"))};
  }
  GroupProposal Proposed(uint64_t ticket) {
    const GroupState state = groups_.Look(ticket);
    EXPECT_TRUE(std::holds_alternative<GroupProposal>(state)) << state.index();
    return std::holds_alternative<GroupProposal>(state) ? std::get<GroupProposal>(state)
                                                        : GroupProposal();
  }
  GroupOutcome Ended(uint64_t ticket) {
    const GroupState state = groups_.Look(ticket);
    EXPECT_TRUE(std::holds_alternative<GroupOutcome>(state)) << state.index();
    return std::holds_alternative<GroupOutcome>(state) ? std::get<GroupOutcome>(state)
                                                       : GroupOutcome();
  }
  AgreementState Acknowledge(const std::string& agreement, const std::string& member,
                             const std::string& refusal = "") {
    const auto state = groups_.Acknowledge(agreement, member, refusal);
    EXPECT_THAT(state, IsOk());
    return state.value_or(AgreementState::kUnknown);
  }
  // All is off, for all of them.
  void ExpectOff(const std::vector<uint64_t>& tickets, const std::string& why) {
    for (const uint64_t ticket : tickets) {
      EXPECT_EQ(Ended(ticket).state, AgreementState::kOff);
      EXPECT_THAT(Ended(ticket).reason, HasSubstr(why));
    }
  }
  void Publish(uint64_t revision) {
    Decision decision = SampleDecision(static_cast<int>(revision));
    decision.id = revision;
    decision.revision = revision;
    catalog_.Publish(std::move(decision));
  }

  FakeClock clock_;
  Catalog catalog_{"store", 0, {}};
  Groups groups_{catalog_, clock_, {.epoch = "run", .max_groups = 2, .remembered = 2}};
  int wakes_ = 0;
};

TEST_F(GroupsTest, TheLastAcknowledgementPassesIt) {
  Publish(1);
  const uint64_t first = Join(Request("m0"));
  EXPECT_THAT(std::get<GroupWaiting>(groups_.Look(first)).members, ElementsAre("m0"));
  const uint64_t second = Join(Request("m1"));
  EXPECT_THAT(std::get<GroupWaiting>(groups_.Look(first)).members, ElementsAre("m0", "m1"));
  const uint64_t third = Join(Request("m2"));
  const std::string agreement = Proposed(first).agreement;
  Publish(2);  // Comes too late: the cut is made.
  for (const uint64_t ticket : {first, second, third}) {
    EXPECT_EQ(Proposed(ticket).agreement, agreement);
    EXPECT_EQ(Proposed(ticket).cut, (StorePosition{"store", 1}));
    EXPECT_THAT(*Proposed(ticket).decisions, SizeIs(1));
  }
  EXPECT_EQ(Acknowledge(agreement, "m0"), AgreementState::kPending);
  EXPECT_EQ(Acknowledge(agreement, "m0"), AgreementState::kPending);  // Again changes nothing.
  EXPECT_EQ(Acknowledge(agreement, "m2"), AgreementState::kPending);
  EXPECT_EQ(groups_.StateOf(agreement), AgreementState::kPending);
  wakes_ = 0;
  EXPECT_EQ(Acknowledge(agreement, "m1"), AgreementState::kPassed);
  EXPECT_EQ(wakes_, 3);
  for (const uint64_t ticket : {first, second, third}) {
    EXPECT_EQ(Ended(ticket).state, AgreementState::kPassed);
    EXPECT_EQ(Ended(ticket).agreement, agreement);
  }
  EXPECT_EQ(groups_.StateOf(agreement), AgreementState::kPassed);
}

TEST_F(GroupsTest, AMemberIsSentWhatItDoesNotHold) {
  for (uint64_t revision = 1; revision <= 4; ++revision) Publish(revision);
  const auto holding = [](const std::string& member, StorePosition holds) {
    GroupRequest request = Request(member, 4);
    request.holds = std::move(holds);
    return request;
  };
  const uint64_t behind = Join(holding("behind", {"store", 2}));
  const uint64_t ahead = Join(holding("ahead", {"store", 4}));
  const uint64_t foreign = Join(holding("foreign", {"other", 3}));
  const uint64_t impossible = Join(holding("impossible", {"store", 5}));
  EXPECT_EQ(Proposed(behind).after, 2u);
  EXPECT_EQ(Proposed(ahead).after, 4u);
  EXPECT_EQ(Proposed(foreign).after, 0u);
  EXPECT_EQ(Proposed(impossible).after, 0u);
  EXPECT_THAT(*Proposed(behind).decisions, SizeIs(4));
}

TEST_F(GroupsTest, WhenOneLeavesItIsOff) {
  const auto tickets = JoinAll();
  const std::string agreement = Proposed(tickets[0]).agreement;
  Acknowledge(agreement, "m0");
  Acknowledge(agreement, "m1");
  groups_.Leave(tickets[1]);
  ExpectOff({tickets[0], tickets[2]}, "m1 left");
  EXPECT_EQ(Acknowledge(agreement, "m2"), AgreementState::kOff);
  EXPECT_EQ(groups_.StateOf(agreement), AgreementState::kOff);
}

TEST_F(GroupsTest, WhenOneRefusesItIsOff) {
  const auto tickets = JoinAll();
  const std::string agreement = Proposed(tickets[0]).agreement;
  EXPECT_EQ(Acknowledge(agreement, "m1", "unreadable"), AgreementState::kOff);
  ExpectOff(tickets, "m1 refused: unreadable");
}

TEST_F(GroupsTest, WhenTheTimeOfOneIsOverItIsOff) {
  const uint64_t hasty = Join(Request("m0", 2, 500));
  const uint64_t patient = Join(Request("m1", 2, 5000));
  const std::string agreement = Proposed(hasty).agreement;
  Acknowledge(agreement, "m0");
  clock_.Advance(499);
  Proposed(patient);
  clock_.Advance(1);
  // Also if the acknowledgement is what notices it.
  EXPECT_EQ(Acknowledge(agreement, "m1"), AgreementState::kOff);
  ExpectOff({hasty, patient}, "the time of m0 was over");
}

TEST_F(GroupsTest, WhoWaitsInVainIsToldWhoWasThere) {
  const uint64_t first = Join(Request("m0", 3, 500));
  const uint64_t second = Join(Request("m1", 3, 5000));
  clock_.Advance(500);
  ExpectOff({first}, "the time of m0 was over; 2 of 3 members were there: m0, m1");
  EXPECT_THAT(std::get<GroupWaiting>(groups_.Look(second)).members, ElementsAre("m1"));
}

TEST_F(GroupsTest, AfterAnAgreementTheNextOneBeginsFromNothing) {
  for (int round = 0; round < 3; ++round) {
    const auto tickets = JoinAll();
    const std::string agreement = Proposed(tickets[0]).agreement;
    EXPECT_EQ(groups_.StateOf(agreement), AgreementState::kPending);
    for (const char* member : {"m0", "m1"}) Acknowledge(agreement, member);
    EXPECT_EQ(Acknowledge(agreement, "m2"), AgreementState::kPassed);
    for (const uint64_t ticket : tickets) groups_.Leave(ticket);
    EXPECT_EQ(groups_.StateOf(agreement), AgreementState::kPassed);  // Leaving changes nothing.
  }
  EXPECT_EQ(groups_.StateOf("run-1"), AgreementState::kUnknown);  // Two are remembered.
  EXPECT_EQ(groups_.StateOf("run-2"), AgreementState::kPassed);
}

TEST_F(GroupsTest, NobodySpeaksForWhatIsNotKnown) {
  EXPECT_THAT(groups_.Acknowledge("earlier-1", "m0", ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(groups_.StateOf("earlier-1"), AgreementState::kUnknown);
  const auto tickets = JoinAll();
  EXPECT_THAT(groups_.Acknowledge(Proposed(tickets[0]).agreement, "m3", ""),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(GroupsTest, WhoDoesNotFitIsRefused) {
  GroupRequest first = Request("m0");
  first.environments["gemm"] = FingerprintOf(SampleEnvironment());
  Join(first);
  EXPECT_THAT(TryJoin(Request("m0")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(TryJoin(Request("m1", 4)).status().message(), HasSubstr("has 3 members for m0"));
  GroupRequest other = Request("m1");
  other.environments["gemm"] = Fingerprint();
  EXPECT_THAT(TryJoin(other), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(TryJoin(other).status().message(), HasSubstr("op gemm: m1 and m0 have different"));
  other.environments = {{"softmax", Fingerprint()}};  // Nothing that both answer.
  EXPECT_THAT(TryJoin(other), IsOk());
}

TEST_F(GroupsTest, GroupsAreBounded) {
  for (const char* name : {"a", "b"}) {
    GroupRequest request = Request("m0");
    request.group = name;
    Join(request);
  }
  EXPECT_THAT(TryJoin(Request("m0")), StatusIs(absl::StatusCode::kResourceExhausted));
  clock_.Advance(1000);  // Nobody is in them any more.
  EXPECT_THAT(TryJoin(Request("m0")), IsOk());
}

TEST_F(GroupsTest, AStopPutsAllOff) {
  const auto tickets = JoinAll();
  Acknowledge(Proposed(tickets[0]).agreement, "m0");
  groups_.Drain();
  ExpectOff(tickets, "the daemon is stopping");
  EXPECT_THAT(TryJoin(Request("m0")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(GroupsTest, AListSaysWhoIsThereAndWhatWasAgreed) {
  EXPECT_THAT(groups_.List(), IsEmpty());
  Publish(1);
  const auto tickets = JoinAll();
  const std::string agreement = Proposed(tickets[0]).agreement;
  Acknowledge(agreement, "m1");
  GroupView view = groups_.List().at(0);
  EXPECT_EQ(view.name, "g");
  EXPECT_EQ(view.size, 3u);
  EXPECT_EQ(view.proposed, agreement);
  EXPECT_EQ(view.agreement, "");
  ASSERT_THAT(view.members, SizeIs(3));
  EXPECT_EQ(view.members[1].client, "client of m1");
  EXPECT_TRUE(view.members[1].acknowledged);
  EXPECT_FALSE(view.members[2].acknowledged);
  Acknowledge(agreement, "m0");
  Acknowledge(agreement, "m2");
  view = groups_.List().at(0);
  EXPECT_EQ(view.agreement, agreement);
  EXPECT_EQ(view.cut, (StorePosition{"store", 1}));
  EXPECT_THAT(view.members, IsEmpty());
}

}  // namespace
}  // namespace tactic::testing
