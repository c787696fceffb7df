// Leases over a real socket.
#include <functional>
#include <optional>

#include "proto/convert/contest.h"
#include "tests/rpc/rpc_fixture.h"
#include "tests/support/contest_samples.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kFenced = grpc::StatusCode::FAILED_PRECONDITION;
constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;

class LeaseRpcTest : public RpcTest {
 protected:
  using Response = v1::AcquireLeaseResponse;

  // An AcquireLease call that is open.
  struct Queue {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<Response>> reader;

    std::optional<Response> Read() {
      Response response;
      return reader->Read(&response) ? std::optional(response) : std::nullopt;
    }
  };
  // A ReportTrials call that is open.
  struct Trials {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ReportTrialsRequest, v1::ReportTrialsResponse>>
        stream;

    bool Say(const v1::ReportTrialsRequest& request) {
      v1::ReportTrialsResponse response;
      return stream->Write(request) && stream->Read(&response);
    }
    // The call's status, from the daemon.
    grpc::Status End() {
      stream->WritesDone();
      return stream->Finish();
    }
    // As a client that dies.
    void Break() {
      context.TryCancel();
      stream->Finish();
    }
  };

  LeaseRpcTest() {
    lease_options_.ttl_ms = 1000;
    Start();
  }

  static Key OwnKey() {
    Key key = SampleKey();
    key.problem.op = "own";
    key.environment.components = {{"runner:r", "1"}};
    return key;
  }
  static v1::AcquireLeaseRequest Want(const std::string& client, bool wait = true) {
    v1::AcquireLeaseRequest request;
    convert::ToProto(OwnKey(), request.mutable_key());
    request.set_client(client);
    request.set_wait(wait);
    return request;
  }
  std::unique_ptr<Queue> Enter(const v1::AcquireLeaseRequest& request) {
    auto queue = std::make_unique<Queue>();
    queue->reader = stub_->AcquireLease(&queue->context, request);
    return queue;
  }
  Response::Granted Acquire(const std::string& client) {
    const auto queue = Enter(Want(client));
    const auto response = queue->Read();
    EXPECT_TRUE(response && response->has_granted());
    EXPECT_FALSE(queue->Read());
    EXPECT_THAT(queue->reader->Finish(), RpcOk());
    return response.value_or(Response()).granted();
  }
  std::unique_ptr<Trials> Open() {
    auto trials = std::make_unique<Trials>();
    trials->stream = stub_->ReportTrials(&trials->context);
    return trials;
  }
  static v1::ReportTrialsRequest Of(const Response::Granted& granted) {
    v1::ReportTrialsRequest request;
    *request.mutable_lease() = granted.lease();
    return request;
  }
  static v1::ReportTrialsRequest ListOf(const Response::Granted& granted) {
    v1::ReportTrialsRequest request = Of(granted);
    for (const Candidate& candidate : CandidateList(3)) {
      convert::ToProto(candidate, request.add_candidates());
    }
    return request;
  }
  static v1::ReportTrialsRequest Launching(const Response::Granted& granted, uint32_t candidate) {
    v1::ReportTrialsRequest request = Of(granted);
    request.set_launching(candidate);
    return request;
  }
  static v1::ReportTrialsRequest Measured(const Response::Granted& granted,
                                          const std::vector<Item>& items) {
    v1::ReportTrialsRequest request = Of(granted);
    convert::ToProto(Results(items), &request);
    return request;
  }
  static v1::CompleteLeaseRequest VerdictOf(const Response::Granted& granted,
                                            const std::vector<uint32_t>& order) {
    v1::CompleteLeaseRequest request;
    *request.mutable_lease() = granted.lease();
    convert::ToProto(VerdictOver(3, order), request.mutable_verdict());
    return request;
  }
  grpc::Status Complete(const v1::CompleteLeaseRequest& request,
                        v1::CompleteLeaseResponse* response) {
    grpc::ClientContext context;
    return stub_->CompleteLease(&context, request, response);
  }
  grpc::Status Renew(const v1::LeaseToken& token) {
    grpc::ClientContext context;
    v1::RenewLeaseRequest request;
    *request.mutable_lease() = token;
    v1::RenewLeaseResponse response;
    return stub_->RenewLease(&context, request, &response);
  }
};

TEST_F(LeaseRpcTest, AHolderReportsAndCompletesAndWatchersHearOfIt) {
  const auto granted = Acquire("a");
  EXPECT_EQ(granted.ttl_ms(), 1000u);
  EXPECT_EQ(granted.lane(), "host");
  EXPECT_EQ(granted.lease().key(), ToHex(FingerprintOf(OwnKey())));
  EXPECT_EQ(granted.lease().epoch(), "run-1");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(granted)));
  ASSERT_TRUE(trials->Say(Launching(granted, 0)));
  ASSERT_TRUE(trials->Say(Measured(granted, {{0, 300}, {1, 100}, {2, 0}})));
  EXPECT_THAT(Renew(granted.lease()), RpcOk());
  v1::CompleteLeaseResponse response;
  ASSERT_THAT(Complete(VerdictOf(granted, {1, 0}), &response), RpcOk());
  EXPECT_THAT(trials->End(), RpcOk());
  EXPECT_EQ(response.decision().key().problem().op(), "own");
  EXPECT_EQ(response.decision().ranking(0).median_ns(), 100);

  grpc::ClientContext context;
  v1::WatchRequest watch;
  watch.set_snapshot_only(true);
  const auto reader = stub_->Watch(&context, watch);
  v1::WatchResponse frame;
  uint64_t seen = 0;
  while (reader->Read(&frame)) {
    for (const v1::Decision& decision : frame.decisions().decisions()) seen = decision.id();
  }
  EXPECT_EQ(seen, response.decision().id());
}

TEST_F(LeaseRpcTest, OthersAreToldWhoHoldsItAndGetTheResult) {
  const auto granted = Acquire("a");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(granted)));
  ASSERT_TRUE(trials->Say(Measured(granted, {{0, 300}})));
  const auto impatient = Enter(Want("c", /*wait=*/false));
  EXPECT_EQ(impatient->Read()->waiting().holder(), "a");
  EXPECT_FALSE(impatient->Read());
  EXPECT_THAT(impatient->reader->Finish(), RpcOk());
  const auto patient = Enter(Want("b"));
  EXPECT_THAT(patient->Read()->waiting().reason(), HasSubstr("client a holds the key"));
  v1::CompleteLeaseResponse response;
  ASSERT_THAT(Complete(VerdictOf(granted, {0}), &response), RpcOk());
  EXPECT_EQ(patient->Read()->settled().decision().id(), response.decision().id());
  EXPECT_FALSE(patient->Read());
  EXPECT_THAT(patient->reader->Finish(), RpcOk());
}

TEST_F(LeaseRpcTest, WhoseConnectionEndsIsBlamedAtOnce) {
  const auto a = Acquire("a");
  const auto b = Enter(Want("b"));
  EXPECT_TRUE(b->Read()->has_waiting());
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(a)));
  ASSERT_TRUE(trials->Say(Launching(a, 2)));
  trials->Break();
  const auto response = b->Read();
  ASSERT_TRUE(response && response->has_granted());
  EXPECT_EQ(response->granted().epoch(), 1u);
  ASSERT_EQ(response->granted().earlier_size(), 3);
  EXPECT_EQ(response->granted().earlier(2).outcome(), v1::OUTCOME_CRASHED);
  EXPECT_THAT(Renew(a.lease()), RpcStatusIs(kFenced, HasSubstr("its connection ended")));
}

TEST_F(LeaseRpcTest, ALateReportEndsTheStreamWithTheFence) {
  const auto a = Acquire("a");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(a)));
  ASSERT_TRUE(trials->Say(Launching(a, 1)));
  clock_.Advance(1000);
  const auto b = Acquire("b");
  EXPECT_EQ(b.earlier(1).outcome(), v1::OUTCOME_TIMED_OUT);
  EXPECT_FALSE(trials->Say(Measured(a, {{1, 5}})));
  const auto fenced = AllOf(HasSubstr("no sign of life"), HasSubstr("client b holds the key now"));
  EXPECT_THAT(trials->End(), RpcStatusIs(kFenced, fenced));
  v1::CompleteLeaseResponse response;
  EXPECT_THAT(Complete(VerdictOf(a, {1}), &response), RpcStatusIs(kFenced, fenced));
}

TEST_F(LeaseRpcTest, GivingUpLetsTheNextOneGoOn) {
  const auto a = Acquire("a");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(a)));
  ASSERT_TRUE(trials->Say(Measured(a, {{0, 300}})));
  v1::CompleteLeaseRequest request;
  *request.mutable_lease() = a.lease();
  request.mutable_give_up()->set_reason("no time");
  v1::CompleteLeaseResponse response;
  ASSERT_THAT(Complete(request, &response), RpcOk());
  EXPECT_FALSE(response.has_decision());
  const auto b = Acquire("b");
  EXPECT_EQ(b.earlier(0).samples().nanoseconds(0), 300);
}

TEST_F(LeaseRpcTest, WhoGoesAwayLeavesTheQueue) {
  const auto a = Acquire("a");
  const auto b = Enter(Want("b"));
  EXPECT_TRUE(b->Read()->has_waiting());
  b->context.TryCancel();
  EXPECT_EQ(b->reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(a)));
  trials->Break();
  const auto c = Enter(Want("c"));
  // Whoever went first, in the end c has it.
  std::optional<Response> response = c->Read();
  while (response && response->has_waiting()) response = c->Read();
  EXPECT_TRUE(response && response->has_granted());
}

TEST_F(LeaseRpcTest, WhatIsMalformedIsNamed) {
  const auto refused = [&](const std::function<void(v1::AcquireLeaseRequest&)>& change,
                           const char* why) {
    v1::AcquireLeaseRequest request = Want("a");
    change(request);
    const auto queue = Enter(request);
    EXPECT_FALSE(queue->Read());
    EXPECT_THAT(queue->reader->Finish(), RpcStatusIs(kInvalid, HasSubstr(why)));
  };
  refused([](auto& r) { r.mutable_key()->mutable_problem()->clear_op(); }, "key.problem.op");
  refused([](auto& r) { r.clear_key(); }, "key.");
  refused([](auto& r) { r.set_client(std::string(129, 'x')); }, "client");
  refused([](auto& r) { r.set_lane("cuda:7"); }, "known: host");
  refused([](auto& r) { r.set_lane("not a name"); }, "lane");
  refused([](auto& r) { r.mutable_key()->mutable_environment()->clear_components(); },
          "none of 0 is a runner");

  v1::LeaseToken token = Acquire("a").lease();
  v1::CompleteLeaseRequest no_end;
  *no_end.mutable_lease() = token;
  token.set_key("short");
  EXPECT_THAT(Renew(token), RpcStatusIs(kInvalid, HasSubstr("lease.key")));
  v1::CompleteLeaseResponse response;
  EXPECT_THAT(Complete(no_end, &response), RpcStatusIs(kInvalid, HasSubstr("end: not set")));
}

TEST_F(LeaseRpcTest, AMalformedReportEndsTheLease) {
  const auto granted = Acquire("a");
  const auto trials = Open();
  v1::ReportTrialsRequest request = ListOf(granted);
  request.mutable_candidates(1)->mutable_runner()->set_name("stranger");
  EXPECT_FALSE(trials->Say(request));
  EXPECT_THAT(trials->End(), RpcStatusIs(kInvalid, HasSubstr("'stranger' is not one")));
  EXPECT_THAT(Renew(granted.lease()), RpcStatusIs(kFenced, HasSubstr("a report was refused")));
}

// As a daemon stops: what leases exist first, then the streams. The holder's stream may end before
// that of who waits, which must not make a holder of who waits.
TEST_F(LeaseRpcTest, AStoppingDaemonEndsTheStreams) {
  const auto granted = Acquire("a");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(granted)));
  const auto waiting = Enter(Want("b"));
  EXPECT_TRUE(waiting->Read()->has_waiting());
  leases_->Drain();
  trials->Break();
  server_->Drain();
  while (const auto more = waiting->Read()) EXPECT_TRUE(more->has_waiting());
  EXPECT_EQ(waiting->reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(LeaseRpcTest, AStoppingDaemonEndsTheReports) {
  const auto granted = Acquire("a");
  const auto trials = Open();
  ASSERT_TRUE(trials->Say(ListOf(granted)));
  leases_->Drain();
  server_->Drain();
  v1::ReportTrialsResponse response;
  EXPECT_FALSE(trials->stream->Read(&response));
  EXPECT_EQ(trials->stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace tactic::testing
