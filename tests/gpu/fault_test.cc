// A lane on a real GPU with candidates that do everything wrong: the contest ends, the culprit is
// named with its reason, nobody else is blamed, and the device's memory is back.
#include <cuda_runtime_api.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lane/worker_lane.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kElements = 1 << 20;

class GpuFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WorkerLaneOptions options;
    options.worker =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tacticd-faulty-gpu-worker";
    options.device = "cuda:0";
    options.ready = absl::Seconds(60);
    options.budget.first_backoff = options.budget.last_backoff = absl::Milliseconds(1);
    options.limits.hang.candidate_step = absl::Seconds(2);
    options.log = [this](const std::string& line) { log_.push_back(line); };
    absl::StatusOr<std::unique_ptr<WorkerLane>> lane = WorkerLane::Start(std::move(options));
    ASSERT_THAT(lane, IsOk());
    lane_ = *std::move(lane);
  }

  absl::StatusOr<ContestResult> Run(const std::string& acts) {
    ContestSpec spec;
    spec.key.problem.op = "copy";
    spec.key.problem.attributes = {{"acts", acts}, {"good", int64_t{2}}};
    spec.key.problem.inputs = {{DType::kF32, Layout::kRowMajor, {Dim::Static(kElements)}}};
    spec.key.policy = Resolve({}, DeviceKind::kCuda);
    return lane_->Run(spec, {}, [](const ContestProgress&) {});
  }

  static Trial Find(const ContestResult& result, const std::string& act) {
    for (const Trial& trial : result.evidence.trials) {
      if (trial.candidate.tactic.StringOr("act", "") == act) return trial;
    }
    ADD_FAILURE() << "no trial of " << act;
    return {};
  }

  // The candidates that are named by no act are valid and have times, and one of them is the pick.
  static void ExpectTheOthersValid(const ContestResult& result) {
    EXPECT_THAT(result.failure, IsEmpty());
    EXPECT_THAT(result.ranking, SizeIs(1));
    for (const Trial& trial : result.evidence.trials) {
      if (trial.candidate.tactic.Find("act") != nullptr) continue;
      EXPECT_TRUE(IsValid(trial.outcome)) << ToText(trial.candidate) << ": " << trial.detail;
      EXPECT_THAT(trial.samples, Not(IsEmpty())) << ToText(trial.candidate);
    }
  }

  std::vector<std::string> log_;
  std::unique_ptr<WorkerLane> lane_;
};

struct FaultCase {
  const char* act;
  Outcome outcome;
  const char* detail;
  uint32_t restarts;
};

class GpuActTest : public GpuFaultTest, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(GpuActTest, EndsTheCandidateAndNothingElse) {
  const FaultCase& expected = GetParam();
  const auto result = Run(expected.act);
  ASSERT_THAT(result, IsOk());
  const Trial trial = Find(*result, expected.act);
  EXPECT_EQ(trial.outcome, expected.outcome) << Name(trial.outcome) << ": " << trial.detail;
  EXPECT_THAT(trial.detail, HasSubstr(expected.detail));
  ExpectTheOthersValid(*result);
  EXPECT_EQ(result->evidence.worker_restarts, expected.restarts);

  const auto next = Run("");
  ASSERT_THAT(next, IsOk());
  ExpectTheOthersValid(*next);
  EXPECT_EQ(next->evidence.worker_restarts, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Acts, GpuActTest,
    ::testing::Values(FaultCase{"illegal_address", Outcome::kCrashed, "cudaErrorIllegalAddress", 2},
                      FaultCase{"misaligned", Outcome::kCrashed, "cudaErrorMisalignedAddress", 2},
                      FaultCase{"endless", Outcome::kTimedOut, "no progress", 1},
                      FaultCase{"device_assert", Outcome::kCrashed, "cudaErrorAssert", 2},
                      FaultCase{"stack", Outcome::kCrashed, "cudaError", 2},
                      FaultCase{"heap", Outcome::kCrashed, "cudaErrorIllegalAddress", 2},
                      FaultCase{"out_of_memory", Outcome::kOutOfMemory, "out of memory", 0},
                      FaultCase{"huge_workspace", Outcome::kOutOfMemory, "workspace", 0},
                      FaultCase{"write_behind", Outcome::kOutOfBounds, "bytes behind its end", 0},
                      FaultCase{"wrong_result", Outcome::kWrongResult, "elements are wrong", 0},
                      FaultCase{"unwritten", Outcome::kWrongResult,
                                "1 of 1048576 elements are wrong", 0},
                      FaultCase{"escape", Outcome::kWrongResult, "escapes the graph", 0},
                      FaultCase{"nothing", Outcome::kWrongResult, "escapes the graph", 0},
                      FaultCase{"too_many_threads", Outcome::kRejected, "cudaError", 0},
                      FaultCase{"synchronise", Outcome::kRejected, "cudaErrorStreamCapture", 0},
                      FaultCase{"host_crash", Outcome::kCrashed, "killed by SIGSEGV", 2},
                      FaultCase{"host_throw", Outcome::kRejected, "no kernel for this problem", 0}),
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
  const auto result = Run("illegal_address,wrong_result,endless,write_behind,host_crash,escape");
  ASSERT_THAT(result, IsOk());
  ExpectTheOthersValid(*result);
  EXPECT_EQ(Find(*result, "illegal_address").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "endless").outcome, Outcome::kTimedOut);
  EXPECT_EQ(Find(*result, "host_crash").outcome, Outcome::kCrashed);
  EXPECT_EQ(Find(*result, "wrong_result").outcome, Outcome::kWrongResult);
  EXPECT_EQ(lane_->Info().state, LaneState::kReady);
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
