// Every unary method over a real socket.
#include <functional>

#include "grpcpp/generic/generic_stub.h"
#include "tests/rpc/rpc_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServiceTest : public RpcTest {
 protected:
  ServiceTest() { Start(); }

  grpc::Status Lookup(const v1::LookupRequest& request, v1::LookupResponse* response) {
    grpc::ClientContext context;
    return stub_->Lookup(&context, request, response);
  }
  v1::LookupRequest LookupOf(int64_t m) {
    v1::LookupRequest request;
    convert::ToProto(GemmProblem(m), request.mutable_problem());
    return request;
  }
  grpc::Status TuneStatus(const v1::TuneRequest& request) {
    grpc::ClientContext context;
    v1::TuneResponse response;
    return stub_->Tune(&context, request, &response);
  }
};

TEST_F(ServiceTest, ServerInfoTellsVersionStoreAndLanes) {
  lane_.ChangeInfo([](LaneInfo& info) { info.contests = 7; });
  Publish(SampleDecision(0));
  grpc::ClientContext context;
  v1::GetServerInfoResponse info;
  ASSERT_THAT(stub_->GetServerInfo(&context, {}, &info), RpcOk());
  EXPECT_EQ(info.version(), "1.2.3");
  EXPECT_EQ(info.store(), "memory");
  EXPECT_EQ(info.store_id(), store_.Info().store_id);
  EXPECT_EQ(info.revision(), 1u);
  EXPECT_EQ(info.decisions(), 1u);
  ASSERT_EQ(info.lanes_size(), 1);
  const v1::Lane& lane = info.lanes(0);
  EXPECT_EQ(lane.name(), "host");
  EXPECT_EQ(lane.state(), v1::LANE_STATE_READY);
  EXPECT_EQ(lane.contests(), 7u);
  EXPECT_EQ(lane.device().arch(), lane_.Info().device.arch);
  ASSERT_EQ(lane.ops_size(), 1);
  EXPECT_EQ(lane.ops(0).schema().op(), "gemm");
  EXPECT_EQ(lane.ops(0).runners(1).name(), "openblas");
  EXPECT_EQ(lane.ops(0).components_size(), 2);
}

TEST_F(ServiceTest, TuneMeasuresAndLookupFinds) {
  v1::LookupResponse response;
  ASSERT_THAT(Lookup(LookupOf(16), &response), RpcOk());
  EXPECT_FALSE(response.has_decision());
  lane_.AnswerAll();
  const v1::Job job = AwaitEnd(Tune(Ask({16, 32})).id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(job.contests_total(), 2u);
  EXPECT_EQ(job.contests_ended(), 2u);
  EXPECT_EQ(job.contests_measured(), 2u);
  EXPECT_EQ(job.contests_failed(), 0u);
  ASSERT_EQ(job.contests_size(), 2);
  EXPECT_EQ(job.contests(0).state(), v1::CONTEST_STATE_DECIDED);
  EXPECT_EQ(job.policy().launch(), v1::LAUNCH_MODE_EAGER);
  ASSERT_THAT(Lookup(LookupOf(16), &response), RpcOk());
  EXPECT_EQ(response.decision().id(), job.contests(0).decision_id());
  EXPECT_EQ(response.decision().fingerprint(), job.contests(0).fingerprint());
  EXPECT_FALSE(response.has_evidence());
}

TEST_F(ServiceTest, LookupInAStatedEnvironment) {
  lane_.AnswerAll();
  AwaitEnd(Tune(Ask({16})).id());
  v1::LookupRequest request = LookupOf(16);
  Environment environment = EnvironmentOf(lane_.Info(), lane_.Info().ops[0]);
  convert::ToProto(environment, request.mutable_environment());
  v1::LookupResponse response;
  ASSERT_THAT(Lookup(request, &response), RpcOk());
  EXPECT_TRUE(response.has_decision());
  environment.runtime = "another";
  convert::ToProto(environment, request.mutable_environment());
  response.Clear();
  ASSERT_THAT(Lookup(request, &response), RpcOk());
  EXPECT_FALSE(response.has_decision());
}

TEST_F(ServiceTest, LookupByIdGivesEvidenceAndSupersededDecisions) {
  Publish(SampleDecision(0));
  Publish(SampleDecision(0));
  v1::LookupRequest request;
  request.set_decision_id(1);
  request.set_with_evidence(true);
  v1::LookupResponse response;
  ASSERT_THAT(Lookup(request, &response), RpcOk());
  EXPECT_EQ(response.decision().id(), 1u);
  EXPECT_EQ(response.evidence().trials_size(), static_cast<int>(SampleEvidence().trials.size()));
  EXPECT_EQ(response.evidence().seconds(), SampleEvidence().seconds);
  request.set_decision_id(77);
  EXPECT_THAT(Lookup(request, &response),
              RpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("77")));
}

TEST_F(ServiceTest, EvidenceOfAMissIsAMiss) {
  v1::LookupRequest request = LookupOf(16);
  request.set_with_evidence(true);
  v1::LookupResponse response;
  ASSERT_THAT(Lookup(request, &response), RpcOk());
  EXPECT_FALSE(response.has_decision());
  EXPECT_FALSE(response.has_evidence());
}

TEST_F(ServiceTest, JobsAreReadCancelledAndListed) {
  const v1::Job job = Tune(Ask({16, 32}));
  lane_.AwaitRun();
  grpc::ClientContext get_context;
  v1::GetJobRequest get;
  get.set_id(job.id());
  v1::GetJobResponse got;
  ASSERT_THAT(stub_->GetJob(&get_context, get, &got), RpcOk());
  EXPECT_EQ(got.job().state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(got.job().running_size(), 1);

  grpc::ClientContext cancel_context;
  v1::CancelJobRequest cancel;
  cancel.set_id(job.id());
  v1::CancelJobResponse cancelled;
  ASSERT_THAT(stub_->CancelJob(&cancel_context, cancel, &cancelled), RpcOk());
  EXPECT_EQ(cancelled.job().state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(cancelled.job().contests(1).state(), v1::CONTEST_STATE_ABANDONED);
  EXPECT_EQ(cancelled.job().contests_measured(), 0u);

  grpc::ClientContext list_context;
  v1::ListJobsResponse listed;
  ASSERT_THAT(stub_->ListJobs(&list_context, {}, &listed), RpcOk());
  ASSERT_EQ(listed.jobs_size(), 1);
  EXPECT_EQ(listed.jobs(0).id(), job.id());
  EXPECT_EQ(listed.jobs(0).contests_total(), 2u);
  EXPECT_EQ(listed.jobs(0).contests_size(), 0);
}

TEST_F(ServiceTest, WhatTheCoreRefusesKeepsItsCodeAndMessage) {
  v1::TuneRequest request = Ask({16});
  request.add_runners("cutlass");
  EXPECT_THAT(TuneStatus(request), RpcStatusIs(grpc::StatusCode::NOT_FOUND,
                                               AllOf(HasSubstr("cutlass"), HasSubstr("openblas"))));
  const v1::TuneRequest first = Ask({16});
  Tune(first);
  v1::TuneRequest other = first;
  other.set_again(true);
  EXPECT_THAT(TuneStatus(other),
              RpcStatusIs(grpc::StatusCode::FAILED_PRECONDITION, HasSubstr("request_id")));
  tuner_->Drain();
  EXPECT_THAT(TuneStatus(Ask({32})),
              RpcStatusIs(grpc::StatusCode::UNAVAILABLE, HasSubstr("stopping")));
}

TEST_F(ServiceTest, EveryFieldOfTuneIsChecked) {
  const struct {
    std::function<void(v1::TuneRequest&)> spoil;
    const char* message;
  } cases[] = {
      {[](auto& r) { r.clear_request_id(); }, "request_id"},
      {[](auto& r) { r.set_request_id("two words"); }, "request_id"},
      {[](auto& r) { r.set_request_id(std::string(129, 'x')); }, "request_id"},
      {[](auto& r) { r.clear_problems(); },
       "problems: count: 0 is out of bounds; must be 1 .. 4096"},
      {[](auto& r) {
         const v1::Problem one = r.problems(0);
         for (int i = 0; i < 4096; ++i) *r.add_problems() = one;
       },
       "problems: count: 4097"},
      {[](auto& r) { r.mutable_problems(0)->set_op("a b"); }, "problems[0].op"},
      {[](auto& r) { r.mutable_problems(0)->mutable_inputs(0)->mutable_dims(0)->set_opt(-1); },
       "problems[0].inputs[0].dims[0]"},
      {[](auto& r) { r.mutable_problems(0)->mutable_inputs(1)->set_dtype(v1::DType(99)); },
       "problems[0].inputs[1].dtype"},
      {[](auto& r) { r.mutable_problems(0)->mutable_inputs(1)->set_layout(v1::Layout(7)); },
       "problems[0].inputs[1].layout"},
      {[](auto& r) {
         for (int i = 0; i < 9; ++i) r.mutable_problems(0)->mutable_inputs(0)->add_dims();
       },
       "problems[0].inputs[0].dims"},
      {[](auto& r) {
         for (int i = 0; i < 40; ++i) r.mutable_problems(0)->add_inputs();
       },
       "problems[0].inputs"},
      {[](auto& r) { r.mutable_problems(0)->add_attributes()->set_name("x"); },
       "problems[0].attributes"},
      {[](auto& r) { r.mutable_policy()->set_cache(v1::CacheState(9)); }, "policy.cache"},
      {[](auto& r) { r.mutable_policy()->set_launch(v1::LaunchMode(9)); }, "policy.launch"},
      {[](auto& r) { r.mutable_policy()->set_validation(v1::Validation(9)); }, "policy.validation"},
      {[](auto& r) { r.mutable_policy()->set_budget_ms(3'600'001); }, "policy.budget_ms"},
      {[](auto& r) { r.add_runners(""); }, "runners[0]"},
      {[](auto& r) {
         for (int i = 0; i < 65; ++i) r.add_runners("openblas");
       },
       "runners: count: 65 is out of bounds; must be 0 .. 64"},
      {[](auto& r) { r.set_deadline_ms(604'800'001); },
       "deadline_ms: 604800001 is out of bounds; must be 0 .. 604800000"},
      {[](auto& r) { r.set_client(std::string(129, 'x')); }, "client: bytes: 129"},
      {[](auto& r) { r.set_client("a\nb"); }, "client: must be printable"},
  };
  for (const auto& [spoil, message] : cases) {
    v1::TuneRequest request = Ask({16});
    spoil(request);
    EXPECT_THAT(TuneStatus(request),
                RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(message)));
  }
  EXPECT_TRUE(tuner_->ListJobs(1).empty());
}

TEST_F(ServiceTest, EveryFieldOfLookupIsChecked) {
  const struct {
    std::function<void(v1::LookupRequest&)> spoil;
    const char* message;
  } cases[] = {
      {[](auto& r) { r.clear_problem(); }, "problem, decision_id: neither is set"},
      {[](auto& r) { r.set_decision_id(1); }, "problem, decision_id: both are set"},
      {[](auto& r) { r.mutable_problem()->clear_op(); }, "problem.op"},
      {[](auto& r) { r.mutable_policy()->set_cache(v1::CacheState(-1)); }, "policy.cache"},
      {[](auto& r) { r.mutable_environment(); }, "environment.device"},
      {[](auto& r) { r.mutable_problem()->mutable_inputs(0)->mutable_dims(1)->set_opt(7); },
       "problem: "},
  };
  for (const auto& [spoil, message] : cases) {
    v1::LookupRequest request = LookupOf(16);
    spoil(request);
    v1::LookupResponse response;
    EXPECT_THAT(Lookup(request, &response),
                RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(message)));
  }
}

TEST_F(ServiceTest, JobIdsAndLimitsAreChecked) {
  for (const std::string& id : {std::string(), std::string("a b"), std::string(129, 'x')}) {
    grpc::ClientContext get_context;
    v1::GetJobRequest get;
    get.set_id(id);
    v1::GetJobResponse got;
    EXPECT_THAT(stub_->GetJob(&get_context, get, &got),
                RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("id")));
    grpc::ClientContext cancel_context;
    v1::CancelJobRequest cancel;
    cancel.set_id(id);
    v1::CancelJobResponse cancelled;
    EXPECT_THAT(stub_->CancelJob(&cancel_context, cancel, &cancelled),
                RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("id")));
  }
  grpc::ClientContext context;
  v1::ListJobsRequest list;
  list.set_limit(1001);
  v1::ListJobsResponse listed;
  EXPECT_THAT(stub_->ListJobs(&context, list, &listed),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                          HasSubstr("limit: 1001 is out of bounds; must be 0 .. 1000")));
}

TEST_F(ServiceTest, OurLimitOfARequestSpeaksBeforeThatOfGrpc) {
  v1::TuneRequest request = Ask({16});
  request.set_client(std::string(2 << 20, 'x'));
  EXPECT_THAT(TuneStatus(request),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("1048576")));
  request.set_client(std::string(5 << 20, 'x'));
  EXPECT_THAT(TuneStatus(request),
              RpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("")));
  EXPECT_THAT(TuneStatus(Ask({16})), RpcOk());
}

TEST_F(ServiceTest, MessagesFitIntoAHeader) {
  v1::TuneRequest request = Ask({16});
  for (int i = 0; i < 64; ++i) request.add_runners(std::string(128, 'x'));
  const grpc::Status status = TuneStatus(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_LT(status.error_message().size(), 2100u);
}

// One message to a method that has no stub here, and the first that comes back.
grpc::ByteBuffer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                         const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  grpc::ByteBuffer message(&slice, 1);
  const auto call = stub.PrepareCall(&context, method, &queue);
  grpc::ByteBuffer response;
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  call->Write(message, nullptr);
  queue.Next(&tag, &ok);
  call->Read(&response, nullptr);
  queue.Next(&tag, &ok);
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return response;
}

std::string TextOf(grpc::ByteBuffer buffer) {
  grpc::Slice slice;
  EXPECT_THAT(buffer.DumpToSingleSlice(&slice), RpcOk());
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

TEST_F(ServiceTest, HealthAnswers) {
  const std::string method = "/grpc.health.v1.Health/Check";
  const std::string name = "tactic.v1.Tuning";
  const std::string serving("\x08\x01", 2);  // HealthCheckResponse{status: SERVING}
  EXPECT_EQ(TextOf(CallRaw(channel_, method, "")), serving);
  EXPECT_EQ(TextOf(CallRaw(channel_, method, "\x0a\x10" + name)), serving);
}

TEST_F(ServiceTest, ReflectionListsTheService) {
  const std::string listing("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}
  EXPECT_THAT(
      TextOf(CallRaw(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                     listing)),
      HasSubstr("tactic.v1.Tuning"));
}

TEST_F(ServiceTest, AStoppedServerRefusesAndLeavesNoSocket) {
  server_->Stop(std::chrono::milliseconds(0));
  EXPECT_EQ(TuneStatus(Ask({16})).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "d.sock"));
}

}  // namespace
}  // namespace tactic::testing
