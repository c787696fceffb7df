// A member that is cut off after its promise, and daemons that say strange things: a service that
// answers as the test says.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proto/convert/convert.h"
#include "tactic/group.h"
#include "tactic/v1/groups.grpc.pb.h"
#include "tests/client/gemm_op.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kPatience(60'000);

// Proposes at once, one decision, and does with the stream what the next of `streams` says.
class ScriptedGroups final : public v1::Groups::Service {
 public:
  struct Script {
    std::string agreement;
    bool readable = true;
    // What comes after the acknowledgement; UNSPECIFIED: the stream breaks.
    v1::AgreementState outcome = v1::AGREEMENT_STATE_UNSPECIFIED;
  };

  explicit ScriptedGroups(const std::string& address) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  void Next(Script script) {
    std::lock_guard lock(mu_);
    streams_.push_back(std::move(script));
  }
  // What GetAgreement answers from now on.
  void SayState(v1::AgreementState state) {
    std::lock_guard lock(mu_);
    state_ = state;
  }
  void RefuseAcknowledgements(grpc::Status status) {
    std::lock_guard lock(mu_);
    refusal_ = std::move(status);
  }
  std::vector<v1::AcknowledgeRequest> acknowledgements() {
    std::lock_guard lock(mu_);
    return acknowledgements_;
  }
  std::vector<v1::AgreeRequest> requests() {
    std::lock_guard lock(mu_);
    return requests_;
  }

 private:
  grpc::Status Agree(grpc::ServerContext*, const v1::AgreeRequest* request,
                     grpc::ServerWriter<v1::AgreeResponse>* writer) override {
    std::unique_lock lock(mu_);
    requests_.push_back(*request);
    if (streams_.empty()) return {grpc::StatusCode::FAILED_PRECONDITION, "no script"};
    const Script script = streams_.front();
    streams_.pop_front();
    const size_t before = acknowledgements_.size();
    lock.unlock();
    Propose(script, *writer);
    lock.lock();
    acknowledged_.wait(lock, [&] { return acknowledgements_.size() > before; });
    if (script.outcome == v1::AGREEMENT_STATE_UNSPECIFIED) {
      return {grpc::StatusCode::UNAVAILABLE, "the connection broke"};
    }
    v1::AgreeResponse frame;
    frame.mutable_outcome()->set_state(script.outcome);
    frame.mutable_outcome()->set_reason("as the script says");
    writer->Write(frame);
    return grpc::Status::OK;
  }

  static void Propose(const Script& script, grpc::ServerWriter<v1::AgreeResponse>& writer) {
    v1::AgreeResponse frame;
    frame.mutable_proposal()->set_agreement(script.agreement);
    frame.mutable_proposal()->mutable_cut()->set_store_id("s");
    frame.mutable_proposal()->mutable_cut()->set_revision(1);
    frame.mutable_proposal()->set_whole(true);
    frame.mutable_proposal()->set_decisions(1);
    writer.Write(frame);
    frame.Clear();
    v1::Decision* decision = frame.mutable_decisions()->add_decisions();
    if (script.readable) convert::ToProto(DecisionFor(GemmOf(8), 1, 1), decision);
    writer.Write(frame);
  }

  grpc::Status Acknowledge(grpc::ServerContext*, const v1::AcknowledgeRequest* request,
                           v1::AcknowledgeResponse* response) override {
    std::lock_guard lock(mu_);
    acknowledgements_.push_back(*request);
    acknowledged_.notify_all();
    response->set_state(v1::AGREEMENT_STATE_PENDING);
    return refusal_;
  }

  grpc::Status GetAgreement(grpc::ServerContext*, const v1::GetAgreementRequest*,
                            v1::GetAgreementResponse* response) override {
    std::lock_guard lock(mu_);
    response->set_state(state_);
    return grpc::Status::OK;
  }

  std::mutex mu_;
  std::condition_variable acknowledged_;
  // Guarded by mu_:
  std::deque<Script> streams_;
  v1::AgreementState state_ = v1::AGREEMENT_STATE_UNKNOWN;
  grpc::Status refusal_;
  std::vector<v1::AcknowledgeRequest> acknowledgements_;
  std::vector<v1::AgreeRequest> requests_;
  std::unique_ptr<grpc::Server> server_;
};

class GroupDoubtTest : public ::testing::Test {
 protected:
  // The client itself has no daemon: the group's is another one.
  GroupDoubtTest()
      : service_("unix:" + (directory_ / "groups.sock").string()),
        client_({.target = "unix:" + (directory_ / "nobody.sock").string(),
                 .environments = Environments(),
                 .log = [](const std::string&) {}}),
        op_(client_.Register(GemmSpec()).value()),
        group_(client_, {"g", "m", 2, "unix:" + (directory_ / "groups.sock").string()}) {}

  uint64_t Answer() const { return op_.ChooseOne({{8, 64}, {64, 32}}).decision_id; }
  // An agreement whose end this member does not learn.
  void FallInDoubt() {
    service_.Next({"run-1"});
    const Agreed agreed = group_.Agree(kPatience);
    EXPECT_EQ(agreed.end, Agreed::End::kUnknown);
    EXPECT_THAT(agreed.message, HasSubstr("cut off"));
    EXPECT_FALSE(group_.Standing().ok());
    EXPECT_EQ(Answer(), 0u);
  }

  TempDir directory_;
  ScriptedGroups service_;
  Client client_;
  OpHandle op_;
  Group group_;
};

TEST_F(GroupDoubtTest, WhatPassedIsTakenUpByTheNextCall) {
  FallInDoubt();
  service_.SayState(v1::AGREEMENT_STATE_PASSED);
  const Agreed agreed = group_.Agree(kPatience);
  EXPECT_EQ(agreed.end, Agreed::End::kPassed);
  EXPECT_EQ(agreed.agreement, "run-1");
  EXPECT_EQ(agreed.position, (TablePosition{"s", 1}));
  EXPECT_EQ(Answer(), 1u);
  EXPECT_EQ(service_.requests().size(), 1u);  // The others are where it is now.
}

TEST_F(GroupDoubtTest, WhatWasOffIsForgottenByTheNextCall) {
  FallInDoubt();
  service_.SayState(v1::AGREEMENT_STATE_OFF);
  service_.Next({.agreement = "run-2", .outcome = v1::AGREEMENT_STATE_OFF});
  const Agreed off = group_.Agree(kPatience);
  EXPECT_EQ(off.end, Agreed::End::kNotPassed);
  EXPECT_THAT(off.message, HasSubstr("as the script says"));
  EXPECT_EQ(Answer(), 0u);
}

TEST_F(GroupDoubtTest, ADoubtStaysUntilSomethingPasses) {
  FallInDoubt();
  service_.Next({.agreement = "run-2", .outcome = v1::AGREEMENT_STATE_OFF});
  EXPECT_EQ(group_.Agree(kPatience).end, Agreed::End::kUnknown);  // Of run-1 nobody can say.
  service_.Next({.agreement = "run-3", .outcome = v1::AGREEMENT_STATE_PASSED});
  EXPECT_EQ(group_.Agree(kPatience).agreement, "run-3");
  EXPECT_EQ(group_.Standing().agreement, "run-3");
  EXPECT_EQ(Answer(), 1u);
}

TEST_F(GroupDoubtTest, CutOffItAsksAtOnce) {
  service_.SayState(v1::AGREEMENT_STATE_PASSED);
  service_.Next({"run-1"});
  EXPECT_TRUE(group_.Agree(kPatience).ok());
  EXPECT_EQ(Answer(), 1u);
}

TEST_F(GroupDoubtTest, WhatCannotBeReadIsRefused) {
  service_.Next({.agreement = "run-1", .readable = false, .outcome = v1::AGREEMENT_STATE_OFF});
  EXPECT_EQ(group_.Agree(kPatience).end, Agreed::End::kNotPassed);
  ASSERT_EQ(service_.acknowledgements().size(), 1u);
  EXPECT_FALSE(service_.acknowledgements()[0].accepted());
  EXPECT_THAT(service_.acknowledgements()[0].reason(), HasSubstr("cannot be read"));
}

TEST_F(GroupDoubtTest, ADaemonThatNeverHeardOfItHasNotPassedIt) {
  service_.RefuseAcknowledgements({grpc::StatusCode::NOT_FOUND, "never heard of run-1"});
  service_.Next({"run-1"});
  const Agreed agreed = group_.Agree(kPatience);
  EXPECT_EQ(agreed.end, Agreed::End::kNotPassed);
  EXPECT_THAT(agreed.message, HasSubstr("never heard"));
}

TEST_F(GroupDoubtTest, ItSaysWhatItHolds) {
  service_.Next({.agreement = "run-1", .outcome = v1::AGREEMENT_STATE_PASSED});
  ASSERT_TRUE(group_.Agree(kPatience).ok());
  service_.Next({.agreement = "run-2", .outcome = v1::AGREEMENT_STATE_PASSED});
  ASSERT_TRUE(group_.Agree(kPatience).ok());
  const auto requests = service_.requests();
  EXPECT_EQ(requests[0].holds().store_id(), "");
  EXPECT_EQ(requests[1].holds().store_id(), "s");
  EXPECT_EQ(requests[1].holds().revision(), 1u);
  ASSERT_EQ(requests[0].environments_size(), 1);
  EXPECT_EQ(requests[0].environments(0).op(), "gemm");
  EXPECT_EQ(requests[0].environments(0).fingerprint(), ToHex(FingerprintOf(HostEnvironment())));
}

}  // namespace
}  // namespace tactic::testing
