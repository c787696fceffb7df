// Members of a group over a real socket, with a real service behind it.
#include "tactic/group.h"

#include <future>

#include "tests/rpc/rpc_fixture.h"

namespace tactic::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kPatience(60'000);

OpSpec SampleSpec() {
  const Key key = SampleKey();
  OpSpec spec;
  spec.op = key.problem.op;
  spec.attributes = key.problem.attributes;
  for (const Tensor& input : key.problem.inputs) spec.inputs.push_back({input.dtype, input.layout});
  spec.runners = {SampleCandidate(0).runner, SampleCandidate(-1).runner};
  spec.dynamic = {DynamicDim{}};
  spec.policy = key.policy;
  return spec;
}

// A client with its group, in this process.
class Member {
 public:
  Member(const std::string& target, const std::string& name, size_t size,
         Environment environment = SampleEnvironment())
      : client_({.target = target,
                 .name = name,
                 .environments = {{"gemm", std::move(environment)}},
                 .log = [](const std::string&) {}}),
        op_(client_.Register(SampleSpec()).value()),
        group_(std::in_place, client_, GroupOptions{"g", name, size, ""}) {}

  Client& client() { return client_; }
  Group& group() { return *group_; }
  void Leave() { group_.reset(); }
  std::future<Agreed> Agree(milliseconds limit = kPatience) {
    return std::async(std::launch::async, [this, limit] { return group_->Agree(limit); });
  }
  // The decision that answers for m.
  uint64_t IdOf(int64_t m) const { return op_.ChooseOne({{m, 2048}, {2048, 512}}).decision_id; }

 private:
  Client client_;
  OpHandle op_;
  std::optional<Group> group_;
};

class GroupTest : public RpcTest {
 protected:
  GroupTest() { Start(); }

  // Both agree; the revision.
  uint64_t AgreeBoth(Member& a, Member& b) {
    std::future<Agreed> first = a.Agree();
    const Agreed second = b.Agree().get();
    const Agreed other = first.get();
    EXPECT_TRUE(second.ok()) << second.message;
    EXPECT_TRUE(other.ok()) << other.message;
    EXPECT_EQ(other.agreement, second.agreement);
    EXPECT_EQ(other.position, second.position);
    EXPECT_EQ(a.client().Position(), other.position);
    EXPECT_EQ(a.group().Standing().agreement, b.group().Standing().agreement);
    return second.position.revision;
  }
  // Waits until the member has seen what is in the store.
  void AwaitStore(Member& member) {
    ASSERT_TRUE(member.client().WaitForRevision(catalog_->Revision(), kPatience));
  }
};

TEST_F(GroupTest, MembersGoOverTogetherAndOnlyTogether) {
  Publish(SampleDecision(0));
  Member a(address(), "a", 2), b(address(), "b", 2);
  AwaitStore(a);
  EXPECT_FALSE(a.group().Standing().ok());
  EXPECT_EQ(AgreeBoth(a, b), 1u);
  EXPECT_EQ(a.IdOf(1), 1u);
  EXPECT_EQ(b.IdOf(1), 1u);

  Publish(SampleDecision(0));
  Publish(SampleDecision(1));
  AwaitStore(a);
  AwaitStore(b);
  EXPECT_EQ(a.IdOf(1), 1u);
  const Agreed alone = a.Agree(milliseconds(50)).get();
  EXPECT_EQ(alone.end, Agreed::End::kNotPassed);
  EXPECT_THAT(alone.message, HasSubstr("1 of 2 members"));
  EXPECT_EQ(a.IdOf(1), 1u);
  EXPECT_TRUE(a.group().Standing().ok());  // Still at the old one.
  EXPECT_EQ(AgreeBoth(a, b), 3u);
  for (const Member* member : {&a, &b}) {
    EXPECT_EQ(member->IdOf(1), 2u);
    EXPECT_EQ(member->IdOf(2), 3u);
  }
}

TEST_F(GroupTest, WhoLeavesFollowsTheDaemonAgain) {
  Publish(SampleDecision(0));
  Member a(address(), "a", 2), b(address(), "b", 2);
  AgreeBoth(a, b);
  Publish(SampleDecision(0));
  AwaitStore(a);
  EXPECT_EQ(a.IdOf(1), 1u);
  a.Leave();
  EXPECT_EQ(a.IdOf(1), 2u);
  EXPECT_EQ(b.IdOf(1), 1u);
}

TEST_F(GroupTest, HeldForACaptureNothingMoves) {
  Publish(SampleDecision(0));
  Member a(address(), "a", 2), b(address(), "b", 2);
  AgreeBoth(a, b);
  {
    const Hold hold(a.client());
    EXPECT_THAT(a.group().Agree(kPatience).message, HasSubstr("held"));
    EXPECT_TRUE(a.group().Standing().ok());
  }
  EXPECT_EQ(AgreeBoth(a, b), 1u);
}

TEST_F(GroupTest, AHoldOfAClientAloneDelaysUpdates) {
  Client client({.target = address(), .environments = {{"gemm", SampleEnvironment()}}});
  const OpHandle op = client.Register(SampleSpec()).value();
  ASSERT_TRUE(client.WaitUntilReady(kPatience));
  std::optional<Hold> hold(std::in_place, client);
  Publish(SampleDecision(0));
  ASSERT_TRUE(client.WaitForRevision(1, kPatience));
  EXPECT_FALSE(op.ChooseOne({{1, 2048}, {2048, 512}}).hit);
  hold.reset();
  EXPECT_TRUE(op.ChooseOne({{1, 2048}, {2048, 512}}).hit);
}

TEST_F(GroupTest, MembersOfDifferentEnvironmentsDoNotAgree) {
  Environment newer = SampleEnvironment();
  newer.driver = "560.1";
  Member a(address(), "a", 2), b(address(), "b", 2, newer);
  std::future<Agreed> first = a.Agree(milliseconds(300));
  // Whoever comes second is told.
  const Agreed second = b.Agree(milliseconds(300)).get();
  const std::string told = first.get().message + second.message;
  EXPECT_FALSE(second.ok());
  EXPECT_THAT(told, HasSubstr("different environments"));
}

TEST_F(GroupTest, ABadNameIsSaidAtOnce) {
  Member bad(address(), "no spaces", 2);
  const Agreed agreed = bad.group().Agree(kPatience);
  EXPECT_EQ(agreed.end, Agreed::End::kNotPassed);
  EXPECT_THAT(agreed.message, HasSubstr("member"));
}

TEST_F(GroupTest, AClientIsInOneGroup) {
  Member a(address(), "a", 1);
  Group second(a.client(), {"h", "a", 1, ""});
  EXPECT_THAT(second.Agree(kPatience).message, HasSubstr("another group"));
  EXPECT_TRUE(a.group().Agree(kPatience).ok());
}

TEST_F(GroupTest, WithNoDaemonItEndsInTime) {
  Member lonely("unix:" + (directory_ / "nobody.sock").string(), "a", 1);
  const Agreed agreed = lonely.group().Agree(milliseconds(100));
  EXPECT_EQ(agreed.end, Agreed::End::kNotPassed);
  EXPECT_THAT(agreed.message, HasSubstr("no daemon answers"));
}

TEST_F(GroupTest, AStopOfTheDaemonPutsItOff) {
  Member a(address(), "a", 2);
  std::future<Agreed> waiting = a.Agree();
  while (groups_->List().empty()) std::this_thread::yield();
  groups_service_->Drain();
  const Agreed agreed = waiting.get();
  EXPECT_EQ(agreed.end, Agreed::End::kNotPassed);
  EXPECT_THAT(agreed.message, HasSubstr("stopping"));
}

TEST_F(GroupTest, PinnedRanksMoveByThemselves) {
  Client client({.target = address(), .environments = {{"gemm", SampleEnvironment()}}});
  const OpHandle op = client.Register(SampleSpec()).value();
  ASSERT_TRUE(client.WaitUntilReady(kPatience));
  EXPECT_EQ(client.Pin(), (TablePosition{catalog_->store_id(), 0}));
  Publish(SampleDecision(0));
  Publish(SampleDecision(0));
  ASSERT_TRUE(client.WaitForRevision(2, kPatience));
  EXPECT_FALSE(op.ChooseOne({{1, 2048}, {2048, 512}}).hit);
  const Check moved = client.Advance({catalog_->store_id(), 3});
  EXPECT_THAT(moved.error().message, HasSubstr("has not come yet"));
  client.Unpin();
  EXPECT_EQ(op.ChooseOne({{1, 2048}, {2048, 512}}).decision_id, 2u);
}

}  // namespace
}  // namespace tactic::testing
