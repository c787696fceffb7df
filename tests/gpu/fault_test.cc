// A lane on a real GPU with candidates that do everything wrong: the contest ends, the culprit is
// named with its reason, nobody else is blamed, and the device's memory is back.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lane/worker_lane.h"
#include "tests/lane/act_fixture.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::ActCase;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kElements = 1 << 20;

class GpuFaultTest : public testing::ActFixture {
 protected:
  void SetUp() override {
    WorkerLaneOptions options = OptionsFor(
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tacticd-faulty-gpu-worker",
        "cuda:0");
    options.limits.hang.candidate_step = absl::Seconds(2);
    Start(std::move(options));
  }

  absl::StatusOr<ContestResult> Run(const std::string& acts) {
    ContestSpec spec;
    spec.key.problem.op = "copy";
    spec.key.problem.attributes = {{"acts", acts}, {"good", int64_t{2}}};
    spec.key.problem.inputs = {{DType::kF32, Layout::kRowMajor, {Dim::Static(kElements)}}};
    spec.key.policy = Resolve({}, DeviceKind::kCuda);
    return lane_->Run(spec, {}, [](const ContestProgress&) {});
  }
};

class GpuActTest : public GpuFaultTest, public ::testing::WithParamInterface<ActCase> {};

TEST_P(GpuActTest, EndsTheCandidateAndNothingElse) {
  const ActCase& expected = GetParam();
  const auto result = Run(expected.act);
  ASSERT_THAT(result, IsOk());
  const Trial trial = Find(*result, expected.act);
  EXPECT_EQ(trial.outcome, expected.outcome) << Name(trial.outcome) << ": " << trial.detail;
  EXPECT_THAT(trial.detail, HasSubstr(expected.detail));
  ExpectTheOthersValid(*result, expected.act);
  EXPECT_EQ(result->evidence.worker_restarts, expected.restarts);

  const auto next = Run("");
  ASSERT_THAT(next, IsOk());
  ExpectTheOthersValid(*next, "");
  EXPECT_EQ(next->evidence.worker_restarts, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Acts, GpuActTest,
    ::testing::Values(ActCase{"illegal_address", Outcome::kCrashed, "cudaErrorIllegalAddress", 2},
                      ActCase{"misaligned", Outcome::kCrashed, "cudaErrorMisalignedAddress", 2},
                      ActCase{"endless", Outcome::kTimedOut, "no progress", 1},
                      ActCase{"device_assert", Outcome::kCrashed, "cudaErrorAssert", 2},
                      ActCase{"stack", Outcome::kCrashed, "cudaError", 2},
                      ActCase{"heap", Outcome::kCrashed, "cudaErrorIllegalAddress", 2},
                      ActCase{"out_of_memory", Outcome::kOutOfMemory, "out of memory", 0},
                      ActCase{"huge_workspace", Outcome::kOutOfMemory, "workspace", 0},
                      ActCase{"write_behind", Outcome::kOutOfBounds, "bytes behind its end", 0},
                      ActCase{"wrong_result", Outcome::kWrongResult, "elements are wrong", 0},
                      ActCase{"unwritten", Outcome::kWrongResult, "1 of 1048576 elements are wrong",
                              0},
                      ActCase{"escape", Outcome::kWrongResult, "escapes the graph", 0},
                      ActCase{"nothing", Outcome::kWrongResult, "escapes the graph", 0},
                      ActCase{"too_many_threads", Outcome::kRejected, "cudaError", 0},
                      ActCase{"synchronise", Outcome::kRejected, "cudaErrorStreamCapture", 0},
                      ActCase{"host_crash", Outcome::kCrashed, "killed by SIGSEGV", 2},
                      ActCase{"host_throw", Outcome::kRejected, "no kernel for this problem", 0}),
    [](const auto& test) { return std::string(test.param.act); });

size_t FreeBytes() {
  size_t free = 0;
  size_t total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  return free;
}

TEST_F(GpuFaultTest, MemoryOfTheDeviceIsBackAfterTheContest) {
  ASSERT_THAT(Run(""), IsOk());
  const size_t before = FreeBytes();
  ASSERT_THAT(Run("illegal_address,endless,out_of_memory"), IsOk());
  ASSERT_THAT(Run(""), IsOk());
  constexpr size_t kSlack = size_t{64} << 20;
  EXPECT_GE(FreeBytes() + kSlack, before);
}

TEST_F(GpuFaultTest, ManyFaultsInOneContest) {
  const std::string acts = "illegal_address,wrong_result,endless,write_behind,host_crash,escape";
  const auto result = Run(acts);
  ASSERT_THAT(result, IsOk());
  ExpectTheOthersValid(*result, acts);
  EXPECT_EQ(Find(*result, "illegal_address").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "endless").outcome, Outcome::kTimedOut);
  EXPECT_EQ(Find(*result, "host_crash").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "wrong_result").outcome, Outcome::kWrongResult);
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
}

TEST_F(GpuFaultTest, AWorkerThatLostMemoryToACandidateIsReplaced) {
  ASSERT_THAT(Run(""), IsOk());
  const size_t before = FreeBytes();
  const auto result = Run("leak");
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(IsValid(Find(*result, "leak").outcome));
  EXPECT_THAT(log_, Contains(HasSubstr("MiB less free memory")));
  ASSERT_THAT(Run(""), IsOk());
  EXPECT_EQ(lane_->Info().worker_restarts, 1u);
  EXPECT_GE(FreeBytes() + (size_t{64} << 20), before);
}

TEST_F(GpuFaultTest, WhoseOutputsAreNotTheSameBitsTwiceIsMarked) {
  const auto result = Run("flaky");
  ASSERT_THAT(result, IsOk());
  const Trial flaky = Find(*result, "flaky");
  EXPECT_TRUE(IsValid(flaky.outcome)) << flaky.detail;
  EXPECT_THAT(flaky.detail, HasSubstr("not deterministic"));
  EXPECT_THAT(Find(*result, "default").detail, IsEmpty());
}

TEST_F(GpuFaultTest, TheLaneSaysHowItMeasures) {
  const std::optional<SelfCheck> check = lane_->Info().self_check;
  ASSERT_TRUE(check);
  std::printf(
      "empty sample %.0f ns, further launch %.0f ns, A/A %.2f %%, warm %.0f ns, cold %.0f ns\n",
      check->empty_graph_ns, check->empty_call_ns, 100 * check->repeat_error, check->warm_ns,
      check->cold_ns);
  EXPECT_TRUE(check->cold);
  EXPECT_GT(check->empty_graph_ns, 500);
  EXPECT_LT(check->empty_graph_ns, 50e3);
  EXPECT_LT(check->empty_call_ns, check->empty_graph_ns);
  EXPECT_LT(check->repeat_error, 0.2);
}

TEST_F(GpuFaultTest, TheLaneSaysWhatItMeasuresOn) {
  const LaneInfo info = lane_->Info();
  EXPECT_EQ(info.device.kind, DeviceKind::kCuda);
  EXPECT_EQ(info.device.arch, "sm_90");
  EXPECT_GT(info.device.units, 100u);
  EXPECT_GT(info.device.cache_bytes, uint64_t{30} << 20);
  EXPECT_THAT(info.driver, Not(IsEmpty()));
  EXPECT_EQ(info.runtime, "13.0");
}

}  // namespace
}  // namespace tactic
