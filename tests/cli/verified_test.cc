#include "client/cli/verified.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/convert/convert.h"
#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

VerifiedRow Verified(const v1::Job& job, int contest, double drift, double regret) {
  VerifiedRow row{job.contests(contest), GemmDecision(3, Gemm(1, 64, 32)),
                  GemmDecision(3, Gemm(1, 64, 32))};
  row.contest.set_state(v1::CONTEST_STATE_DECIDED);
  row.contest.set_decision_id(3);
  v1::Verification& found = *row.contest.mutable_verification();
  found.set_decision_id(3);
  found.set_drift(drift);
  found.set_regret(regret);
  found.set_regret_error(0.0003);
  return row;
}

v1::Job DoneJob(int problems) {
  v1::Job job = GemmJob(problems);
  job.set_state(v1::JOB_STATE_DONE);
  return job;
}

TEST(VerifiedTextTest, HasARowADecisionAndTotals) {
  const v1::Job job = DoneJob(3);
  VerifiedRow superseded = Verified(job, 1, -0.1, 0.02);
  superseded.contest.mutable_verification()->set_superseded(true);
  superseded.contest.set_decision_id(9);
  superseded.now->ranking.front().candidate = Blocked(512);
  VerifiedRow failed{job.contests(2), std::nullopt, std::nullopt};
  failed.contest.set_state(v1::CONTEST_STATE_FAILED);
  failed.contest.set_message("tune it first");
  EXPECT_EQ(VerifiedText(GemmSchemas(), job, {Verified(job, 0, 0.05, 0), superseded, failed}, 0),
            "id  problem                 chosen               decided      now     drift           "
            "regret\n"
            " 3  gemm m=1 k=32 n=64 f32  host_blocked kc=256   100 µs   105 µs   +5.00 %  "
            "0.00 % ± 0.03 %  stands\n"
            " 3  gemm m=2 k=32 n=64 f32  host_blocked kc=256   100 µs  90.0 µs  -10.00 %  "
            "2.00 % ± 0.03 %  superseded by 9: host_blocked kc=512\n"
            " -  gemm m=3 k=32 n=64 f32  failed\n"
            "\n"
            "gemm m=3 k=32 n=64 f32: tune it first\n"
            "2 of 3 decisions verified: 1 stand, 1 superseded\n"
            "regret 1.00 % on average, 2.00 % at most; drift +5.00 % in the median\n");
}

TEST(VerifiedTextTest, APickThatFailedHasNoTimes) {
  const v1::Job job = DoneJob(1);
  VerifiedRow row = Verified(job, 0, 0, 0);
  row.contest.mutable_verification()->set_pick_failed(true);
  row.contest.mutable_verification()->set_superseded(true);
  row.contest.set_message("the stored pick failed: crashed");
  const std::string text = VerifiedText(GemmSchemas(), job, {row}, 0);
  EXPECT_THAT(text, HasSubstr("100 µs  failed"));
  EXPECT_THAT(text, HasSubstr("the stored pick failed: crashed"));
  EXPECT_THAT(text, HasSubstr("1 of 1 decision verified: 0 stand, 1 superseded\n"));
}

TEST(VerifiedTextTest, SaysHowAnIncompleteJobEnded) {
  v1::Job job = GemmJob(1);
  job.set_state(v1::JOB_STATE_EXPIRED);
  job.set_message("the deadline passed");
  EXPECT_THAT(VerifiedText(GemmSchemas(), job, {{job.contests(0), std::nullopt, std::nullopt}}, 0),
              HasSubstr("0 of 1 decision verified: 0 stand, 0 superseded\n"
                        "j-7 was expired: the deadline passed"));
}

TEST(DropUnmeasurableTest, KeepsWhatALaneMeasuresInItsEnvironment) {
  const Decision here = GemmDecision(1, Gemm(1, 64, 32));
  Decision newer = GemmDecision(2, Gemm(2, 64, 32));
  newer.key.environment.components = {{"openblas", "9"}};
  Decision unknown = GemmDecision(3, Gemm(3, 64, 32));
  unknown.key.problem.op = "conv";
  v1::GetServerInfoResponse info;
  v1::Lane& lane = *info.add_lanes();
  convert::ToProto(here.key.environment.device, lane.mutable_device());
  lane.set_driver(here.key.environment.driver);
  lane.set_runtime(here.key.environment.runtime);
  v1::OpInfo& op = *lane.add_ops();
  op.mutable_schema()->set_op("gemm");
  for (const Component& component : here.key.environment.components) {
    convert::ToProto(component, op.add_components());
  }
  std::vector<Decision> decisions = {here, newer, unknown};
  EXPECT_EQ(DropUnmeasurable(info, decisions), 2u);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].id, 1u);
}

}  // namespace
}  // namespace tactic::cli
