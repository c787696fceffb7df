// Misses from a program's report over the daemon's restart to their tuning.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "proto/convert/convert.h"
#include "tactic/v1/tuning.grpc.pb.h"
#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class MissesTest : public EndToEnd {
 protected:
  // As a client does: m=3 was called, which stands for m=4.
  void Report() {
    v1::ReportMissesRequest request;
    v1::ReportedMiss& miss = *request.add_misses();
    const Problem problem = {
        "gemm",
        {},
        {{DType::kF32, Layout::kRowMajor, {Dim::Static(4), Dim::Static(64)}},
         {DType::kF32, Layout::kRowMajor, {Dim::Static(64), Dim::Static(64)}}}};
    convert::ToProto(problem, miss.mutable_problem());
    for (const int64_t rows : {3, 64}) {
      v1::Shape& shape = *miss.add_shapes();
      shape.add_dims(rows);
      shape.add_dims(64);
    }
    miss.set_count(5);
    const auto stub =
        v1::Tuning::NewStub(grpc::CreateChannel(target(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::ReportMissesResponse response;
    const grpc::Status status = stub->ReportMisses(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.taken(), 1u) << response.message();
  }
};

TEST_F(MissesTest, AreListedTunedAndThenDecided) {
  StartDaemon();
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});  // The lane is ready after this.
  EXPECT_THAT(Ctl({"misses"}).out, HasSubstr("no misses"));
  Report();
  KillDaemon();
  StartDaemon();
  const Json listed = CtlJson({"misses", "--undecided", "--op", "gemm"});
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["shapes"], Json::parse("[[3,64],[64,64]]"));
  EXPECT_EQ(listed[0]["problem"]["sizes"]["m"], 4);
  EXPECT_EQ(listed[0]["count"], 5);
  EXPECT_EQ(listed[0]["decision_id"], 0);
  EXPECT_EQ(CtlJson({"misses", "--op", "softmax"}).size(), 0u);

  const Finished tuned = Ctl({"misses", "--tune"});
  EXPECT_EQ(tuned.exit.code, 0) << tuned.err;
  EXPECT_THAT(tuned.err, HasSubstr("[1/1] gemm m=4 k=64 n=64 f32: "));
  EXPECT_THAT(tuned.out, HasSubstr("1 of 1 decided"));
  EXPECT_NE(CtlJson({"misses"})[0]["decision_id"], 0);
  EXPECT_THAT(Ctl({"misses"}).out, AllOf(HasSubstr("[3,64] [64,64]"), HasSubstr("by ")));
  EXPECT_EQ(CtlJson({"misses", "--undecided"}).size(), 0u);
  const Finished again = Ctl({"misses", "--tune"});
  EXPECT_EQ(again.exit.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("nothing to tune"));
}

TEST_F(MissesTest, FlagsOfAJobNeedTune) {
  StartDaemon();
  const Finished finished = Ctl({"misses", "--deadline", "1m"});
  EXPECT_EQ(finished.exit.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("--tune"));
}

}  // namespace
}  // namespace tactic::e2e
