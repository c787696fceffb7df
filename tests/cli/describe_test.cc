#include "client/cli/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SchemasTest, NamesSizesAndWhatIsNotDefault) {
  const Schemas schemas = GemmSchemas();
  Problem problem = Gemm(1, 64, 32);
  EXPECT_EQ(schemas.ProblemText(problem), "gemm m=1 k=32 n=64 f32");
  problem.inputs[1].layout = Layout::kColMajor;
  problem.attributes.Set("alpha", 0.5);
  EXPECT_EQ(schemas.SizesText(problem), "m=1 k=32 n=64 f32 b:col_major alpha=0.5");
}

TEST(SchemasTest, FallsBackToTensorsForAnUnknownOp) {
  const Problem problem = Gemm(1, 64, 32);
  EXPECT_THAT(Schemas().ProblemText(problem), AllOf(HasSubstr("gemm "), HasSubstr("32,64")));
}

TEST(SchemasTest, UnknownOpListsTheKnown) {
  const auto schema = GemmSchemas().Get("gem");
  ASSERT_FALSE(schema.ok());
  EXPECT_EQ(schema.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(schema.error().message, AllOf(HasSubstr("'gem'"), HasSubstr("knows: gemm")));
}

TEST(SchemasTest, SaysWhyNoOpIsKnown) {
  v1::GetServerInfoResponse info;
  v1::Lane* lane = info.add_lanes();
  lane->set_name("host");
  lane->set_state(v1::LANE_STATE_QUARANTINED);
  lane->set_message("no worker");
  const auto schema = Schemas(info).Get("gemm");
  ASSERT_FALSE(schema.ok());
  EXPECT_EQ(schema.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(schema.error().message, HasSubstr("lane host is quarantined: no worker"));
}

TEST(StateNameTest, IsShortAndLower) {
  EXPECT_EQ(StateName(v1::JOB_STATE_RUNNING), "running");
  EXPECT_EQ(StateName(v1::CONTEST_STATE_DECIDED), "decided");
  EXPECT_EQ(StateName(v1::LANE_STATE_QUARANTINED), "quarantined");
  EXPECT_EQ(StateName(static_cast<v1::JobState>(99)), "unknown");
}

TEST(AllDecidedTest, NeedsEveryContest) {
  v1::Job job = GemmJob(2);
  job.mutable_contests(0)->set_state(v1::CONTEST_STATE_DECIDED);
  job.mutable_contests(1)->set_state(v1::CONTEST_STATE_DECIDED);
  EXPECT_FALSE(AllDecided(job));  // Still running.
  job.set_state(v1::JOB_STATE_DONE);
  EXPECT_TRUE(AllDecided(job));
  job.mutable_contests(1)->set_state(v1::CONTEST_STATE_FAILED);
  EXPECT_FALSE(AllDecided(job));
}

TEST(DescribeTest, PolicyAndDevice) {
  EXPECT_EQ(PolicyText(Resolve({.budget_ms = 500}, DeviceKind::kHost)),
            "weights_cold, eager, reference, budget 500 ms");
  DeviceClass device;
  device.label = "Some CPU";
  device.units = 2;
  device.cache_bytes = uint64_t{32} << 20;
  EXPECT_EQ(DeviceText(device), "Some CPU (host, 2 cores, 32.0 MiB last-level cache)");
}

}  // namespace
}  // namespace tactic::cli
