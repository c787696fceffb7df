// ReportMisses and ListMisses over a real socket.
#include <functional>

#include "tests/rpc/rpc_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;

class MissesTest : public RpcTest {
 protected:
  MissesTest() { Start(); }

  static v1::ReportMissesRequest ReportOf(int64_t m, int64_t real_m, uint64_t count) {
    v1::ReportMissesRequest request;
    v1::ReportedMiss& miss = *request.add_misses();
    convert::ToProto(GemmProblem(m), miss.mutable_problem());
    for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{real_m, 2048}, {2048, 512}}) {
      v1::Shape& shape = *miss.add_shapes();
      shape.add_dims(rows);
      shape.add_dims(cols);
    }
    miss.set_count(count);
    return request;
  }
  grpc::Status Report(const v1::ReportMissesRequest& request,
                      v1::ReportMissesResponse* response = nullptr) {
    grpc::ClientContext context;
    v1::ReportMissesResponse unused;
    return stub_->ReportMisses(&context, request, response == nullptr ? &unused : response);
  }
  grpc::Status List(const v1::ListMissesRequest& request, v1::ListMissesResponse* response) {
    grpc::ClientContext context;
    return stub_->ListMisses(&context, request, response);
  }
};

TEST_F(MissesTest, WhatIsReportedIsListed) {
  v1::ReportMissesResponse taken;
  ASSERT_THAT(Report(ReportOf(16, 13, 3), &taken), RpcOk());
  EXPECT_EQ(taken.taken(), 1u);
  ASSERT_THAT(Report(ReportOf(16, 13, 4)), RpcOk());
  v1::ListMissesResponse list;
  ASSERT_THAT(List({}, &list), RpcOk());
  ASSERT_EQ(list.misses_size(), 1);
  const v1::Miss& miss = list.misses(0);
  EXPECT_EQ(miss.problem().op(), "gemm");
  EXPECT_EQ(miss.problem().inputs(0).dims(0).opt(), 16);
  EXPECT_EQ(miss.policy().launch(), v1::LAUNCH_MODE_EAGER);
  ASSERT_EQ(miss.shapes_size(), 2);
  EXPECT_EQ(miss.shapes(0).dims(0), 13);
  EXPECT_EQ(miss.count(), 7u);
  EXPECT_EQ(miss.decision_id(), 0u);
  lane_.AnswerAll();
  const v1::Job job = AwaitEnd(Tune(Ask({16})).id());
  ASSERT_THAT(List({}, &list), RpcOk());
  EXPECT_EQ(list.misses(0).decision_id(), job.contests(0).decision_id());
  EXPECT_EQ(list.misses(0).fingerprint(), job.contests(0).fingerprint());
}

TEST_F(MissesTest, UnknownOpsAreIgnoredAndSaid) {
  v1::ReportMissesRequest request = ReportOf(16, 13, 1);
  request.mutable_misses(0)->mutable_problem()->set_op("nobody_knows");
  v1::ReportMissesResponse taken;
  ASSERT_THAT(Report(request, &taken), RpcOk());
  EXPECT_EQ(taken.taken(), 0u);
  EXPECT_EQ(taken.ignored(), 1u);
  EXPECT_THAT(taken.message(), HasSubstr("nobody_knows"));
}

TEST_F(MissesTest, MalformedRequestsNameFieldAndBound) {
  const auto refused = [&](const std::function<void(v1::ReportMissesRequest&)>& change,
                           const std::string& message) {
    v1::ReportMissesRequest request = ReportOf(16, 13, 1);
    change(request);
    EXPECT_THAT(Report(request),
                RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(message)));
  };
  refused([](auto& r) { r.clear_misses(); }, "misses: count: 0 is out of bounds; must be 1 .. 256");
  refused(
      [](auto& r) {
        for (int i = 0; i < 256; ++i) *r.add_misses() = r.misses(0);
      },
      "misses: count: 257");
  refused([](auto& r) { r.mutable_misses(0)->set_count(0); },
          "misses[0].count is 0; must be at least 1");
  refused([](auto& r) { r.mutable_misses(0)->mutable_shapes(1)->set_dims(0, -1); },
          "misses[0].shapes[1][0] is -1; must be 0 to");
  refused([](auto& r) { r.mutable_misses(0)->mutable_shapes()->RemoveLast(); },
          "misses[0].shapes: count: 1 is out of bounds; must be 2 .. 2");
  refused([](auto& r) { r.mutable_misses(0)->mutable_problem()->set_op(""); },
          "misses[0].problem.op");
  refused([](auto& r) { r.set_client(std::string(129, 'x')); }, "client: bytes");
  v1::ListMissesRequest list;
  v1::ListMissesResponse response;
  list.set_limit(4097);
  EXPECT_THAT(List(list, &response),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("limit: 4097")));
  list.set_limit(1);
  list.add_ops("no name");
  EXPECT_THAT(List(list, &response),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("ops[0]")));
}

TEST_F(MissesTest, EvidenceCanLeaveOutSamples) {
  Publish(SampleDecision(0));
  v1::LookupRequest request;
  request.set_decision_id(1);
  request.set_with_evidence(true);
  for (const bool without : {false, true}) {
    request.set_without_samples(without);
    grpc::ClientContext context;
    v1::LookupResponse response;
    ASSERT_THAT(stub_->Lookup(&context, request, &response), RpcOk());
    ASSERT_GT(response.evidence().trials_size(), 0);
    EXPECT_EQ(response.evidence().trials(0).samples().nanoseconds_size() == 0, without);
    EXPECT_GT(response.evidence().trials(0).median_ns(), 0);
  }
}

}  // namespace
}  // namespace tactic::testing
