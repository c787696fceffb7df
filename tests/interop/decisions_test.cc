#include "client/interop/decisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/interop/test_data.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::interop {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ReadTestData;
using ::testing::SizeIs;

ImportMapping Mapping() {
  ImportMapping mapping;
  mapping.program = "tensorrt_llm";
  mapping.dtypes = {DType::kBF16, DType::kF8E4M3};
  mapping.policy = {CacheState::kWarm, LaunchMode::kGraph, Validation::kNone, 0};
  return mapping;
}

ImportedDecisions Import(const std::string& name, const ImportMapping& mapping) {
  const auto file = ReadTensorRtLlm(ReadTestData(name));
  EXPECT_THAT(file, IsOk());
  auto decisions = ToDecisions(*file, mapping);
  EXPECT_THAT(decisions, IsOk());
  return *std::move(decisions);
}

TEST(ToDecisions, RunnersOfOneProfileAreOneDecisionByTime) {
  ImportMapping mapping = Mapping();
  mapping.ops = {{"trtllm::demo_gemm", "gemm"}};
  mapping.runners = {{"CutlassDemoRunner", "cutlass"}};
  const ImportedDecisions imported = Import("ancestor_cache.json", mapping);
  ASSERT_THAT(imported.decisions, SizeIs(2));  // Of the named op only.
  EXPECT_EQ(imported.rows, 3u);
  const Decision& first = imported.decisions[0];
  EXPECT_EQ(first.key.problem.op, "gemm");
  ASSERT_THAT(first.key.problem.inputs, SizeIs(3));
  EXPECT_EQ(first.key.problem.inputs[0].dtype, DType::kBF16);
  EXPECT_EQ(first.key.problem.inputs[1].dtype, DType::kF8E4M3);
  EXPECT_EQ(first.key.problem.inputs[1].dims[0].KeySize(), -1);
  EXPECT_EQ(first.key.problem.inputs[1].dims[1].KeySize(), 64);
  EXPECT_EQ(first.key.problem.inputs[2].dtype, DType::kAbsent);
  ASSERT_THAT(first.ranking, SizeIs(2));
  EXPECT_EQ(first.ranking[0].candidate.runner, (RunnerId{"CublasDemoRunner", "()"}));
  EXPECT_EQ(first.ranking[0].median_ns, 11'500);
  EXPECT_EQ(first.ranking[1].candidate.runner, (RunnerId{"cutlass", "('torch.bfloat16', 128)"}));
  EXPECT_EQ(first.default_ns, 11'500);  // Of the entry with tactic -1.
  EXPECT_EQ(first.created_unix_ms, 1761557123250);
  EXPECT_EQ(first.key.policy.cache, CacheState::kWarm);
  EXPECT_EQ(imported.decisions[1].ranking[0].median_ns, 0);
  EXPECT_EQ(imported.decisions[1].reason, Reason::kOnly);
}

TEST(ToDecisions, TheEnvironmentIsTheFilesAndNoLanes) {
  const Environment environment =
      Import("ancestor_cache.json", Mapping()).decisions[0].key.environment;
  EXPECT_EQ(environment.device.kind, DeviceKind::kCuda);
  EXPECT_EQ(environment.device.arch, "sm_90");
  EXPECT_EQ(environment.device.label, "NVIDIA H200");
  EXPECT_THAT(environment.components,
              ::testing::ElementsAre(Component{"imported", "tensorrt_llm"},
                                     Component{"tensorrt_llm", "1.2.0rc3"}));
  EXPECT_THAT(CheckEnvironment("", environment), IsOk());
}

TEST(ToDecisions, TheFastestRankSpeaksForARunner) {
  const ImportedDecisions imported = Import("ancestor_ranks.json", Mapping());
  ASSERT_THAT(imported.decisions, SizeIs(2));
  ASSERT_THAT(imported.decisions[1].ranking, SizeIs(1));
  EXPECT_EQ(imported.decisions[1].ranking[0].candidate.tactic, (Tactic{{"tactic", int64_t{3}}}));
}

TEST(ToDecisions, WhatTheFileDoesNotSayMustBeStated) {
  const CacheFile file = *ReadFlashInfer(ReadTestData("flashinfer_cache.json"));
  ImportMapping mapping = Mapping();
  EXPECT_THAT(ToDecisions(file, mapping),
              ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("architecture")));
  mapping.arch = "sm_90";
  const auto decisions = ToDecisions(file, mapping);
  ASSERT_THAT(decisions, IsOk());
  EXPECT_THAT(decisions->decisions, SizeIs(2));
  EXPECT_THAT(decisions->skipped, SizeIs(3));
  EXPECT_EQ(decisions->decisions[0].key.environment.runtime, "13.0");
  mapping.dtypes.clear();
  EXPECT_THAT(ToDecisions(file, mapping),
              ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("element types")));
}

TEST(ToDecisions, RowsBeyondTheLimitsAreLeftOut) {
  CacheFile file;
  file.arch = "sm_90";
  file.rows = {{"op", "Runner", "", {{4}}, {}, 1},
               {"not an op!", "Runner", "", {{4}}, {}, 1},
               {"op", "no runner!", "", {{4}}, {}, 1},
               {"op", "Runner", "", {{int64_t{1} << 50}}, {}, 1},
               {"op", "Runner", std::string(300, 'x'), {{4}}, {}, 1}};
  const auto decisions = ToDecisions(file, Mapping());
  ASSERT_THAT(decisions, IsOk());
  EXPECT_THAT(decisions->decisions, SizeIs(1));
  ASSERT_THAT(decisions->skipped, SizeIs(4));
  EXPECT_THAT(decisions->skipped[0].why, HasSubstr("op"));
}

TEST(WriteTensorRtLlm, WhatWasImportedIsWrittenAsItWas) {
  const ImportedDecisions imported = Import("ancestor_cache.json", Mapping());
  const auto text = WriteTensorRtLlm(imported.decisions, {});
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, HasSubstr("\"min_time\": Infinity"));
  const CacheFile before = *ReadTensorRtLlm(ReadTestData("ancestor_cache.json"));
  const auto after = ReadTensorRtLlm(*text);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->metadata, before.metadata);
  EXPECT_THAT(after->skipped, SizeIs(0));
  ASSERT_EQ(after->rows.size(), before.rows.size());
  for (const CacheRow& row : before.rows) {
    const auto same = [&](const CacheRow& other) {
      return other.op == row.op && other.runner == row.runner && other.unique_id == row.unique_id &&
             other.shapes == row.shapes && other.tactic == row.tactic &&
             other.milliseconds == row.milliseconds;
    };
    EXPECT_EQ(std::count_if(after->rows.begin(), after->rows.end(), same), 1) << row.op;
  }
  // And the keys are what Python writes.
  EXPECT_THAT(*text,
              HasSubstr(R"key("('trtllm::demo_gemm', 'CutlassDemoRunner', )key"
                        R"key(\"('torch.bfloat16', 128)\", ((16, 64), (-1, 64), (0,)))")key"));
}

TEST(WriteTensorRtLlm, OurDecisionsUnderTheirNames) {
  const Decision ours = testing::SampleDecision(0);
  const auto text =
      WriteTensorRtLlm({ours}, {{{"gemm", "demo::gemm"}}, {{"host_blocked", "BlockedRunner"}}});
  ASSERT_THAT(text, IsOk());
  const auto file = ReadTensorRtLlm(*text);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->rows, SizeIs(2));
  EXPECT_EQ(file->rows[0].op, "demo::gemm");
  EXPECT_EQ(file->rows[0].runner, "BlockedRunner");
  EXPECT_EQ(file->rows[0].tactic, ours.ranking[0].candidate.tactic);
  EXPECT_EQ(file->rows[0].milliseconds, 0.001);
  EXPECT_EQ(file->arch, "sm_00");  // No CUDA device.
  EXPECT_THAT(ReadTensorRtLlm(*WriteTensorRtLlm({ours}, {{{"softmax", "x"}}, {}}))->rows,
              SizeIs(0));
}

TEST(WriteTensorRtLlm, SeveralDevicesDoNotFitIntoOneFile) {
  Decision other = testing::SampleDecision(1);
  other.key.environment.device.arch = "sm_90";
  EXPECT_THAT(WriteTensorRtLlm({testing::SampleDecision(0), other}, {}),
              ErrorIs(ErrorCode::kInvalidArgument,
                      AllOf(HasSubstr("several devices"), HasSubstr("sm_90"))));
}

}  // namespace
}  // namespace tactic::interop
