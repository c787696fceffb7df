#include "client/interop/cache_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/interop/test_data.h"
#include "tests/support/status_matchers.h"

namespace tactic::interop {
namespace {

using ::testing::AllOf;

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ReadTestData;
using ::testing::SizeIs;

using Shapes = std::vector<std::vector<int64_t>>;

TEST(TensorRtLlm, ReadsMetadataKeysTacticsAndTimes) {
  const auto file = ReadTensorRtLlm(ReadTestData("ancestor_cache.json"));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->metadata.at("lib_version"), "1.2.0rc3");
  EXPECT_EQ(file->device_name, "NVIDIA H200");
  EXPECT_EQ(file->arch, "sm_90");
  EXPECT_EQ(file->created_unix_ms, 1761557123250);
  ASSERT_THAT(file->rows, SizeIs(4));
  const CacheRow& first = file->rows[0];
  EXPECT_EQ(first.op, "trtllm::demo_gemm");
  EXPECT_EQ(first.runner, "CutlassDemoRunner");
  EXPECT_EQ(first.unique_id, "('torch.bfloat16', 128)");
  EXPECT_EQ(first.shapes, (Shapes{{16, 64}, {-1, 64}, {0}}));
  EXPECT_EQ(first.tactic, (Tactic{{"tactic", int64_t{7}}}));
  EXPECT_EQ(first.milliseconds, 0.01325);
  EXPECT_EQ(file->rows[1].tactic, Tactic());
  EXPECT_EQ(file->rows[2].tactic,
            (Tactic{{"split_k", true}, {"swizzle", std::string("none")}, {"tile", int64_t{128}}}));
  EXPECT_EQ(file->rows[2].milliseconds, 0);  // Infinity: not known.
  EXPECT_EQ(file->rows[3].tactic,
            (Tactic{{"tactic", ValueList{{int64_t{3}, ValueList{{int64_t{1}, int64_t{2}}}}}}}));
  EXPECT_EQ(file->rows[3].milliseconds, 0);
}

TEST(TensorRtLlm, WhatCannotBeDecodedIsLeftOutWithItsReason) {
  const auto file = ReadTensorRtLlm(ReadTestData("ancestor_cache.json"));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->skipped, SizeIs(4));
  EXPECT_THAT(file->skipped[0].key, HasSubstr("(128, 7168)"));
  EXPECT_THAT(file->skipped[0].why, HasSubstr("tactic cannot be decoded"));
  EXPECT_EQ(file->skipped[1].key, "not a tuple");
  EXPECT_THAT(file->skipped[1].why, HasSubstr("Python literal"));
  EXPECT_THAT(file->skipped[2].why, HasSubstr("3 items"));
  EXPECT_THAT(file->skipped[3].why, HasSubstr("NaN"));
}

TEST(TensorRtLlm, ReadsSectionsByRankAndTacticsAsText) {
  const std::string text = ReadTestData("ancestor_ranks.json");
  const auto all = ReadTensorRtLlm(text);
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->arch, "sm_100");
  ASSERT_THAT(all->rows, SizeIs(3));
  EXPECT_EQ(all->rows[0].tactic, (Tactic{{"literal", std::string("(128, [1, 2], 'tma')")}}));
  EXPECT_EQ(all->rows[1].tactic, (Tactic{{"tactic", int64_t{2}}}));
  const auto one = ReadTensorRtLlm(text, 1);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(one->rows, SizeIs(2));
  EXPECT_EQ(one->rows[1].tactic, (Tactic{{"tactic", int64_t{3}}}));
  EXPECT_THAT(ReadTensorRtLlm(text, 2), ErrorIs(ErrorCode::kNotFound, HasSubstr("rank_2")));
}

TEST(TensorRtLlm, WhatIsNoneIsRefused) {
  for (const char* text : {"", "[]", "{", "{\"cache_data\": {}}", "{\"metadata\": 3}",
                           "{\"metadata\": {}}", "{\"metadata\": {}, \"cache_data\": 3}"}) {
    EXPECT_THAT(ReadTensorRtLlm(text), ErrorIs(ErrorCode::kInvalidArgument)) << text;
  }
  // Words within strings stay as they are.
  const auto file = ReadTensorRtLlm(
      R"({"metadata": {"device_name": "\"Infinity\" NaN", "device_capability": "9.0"}, "cache_data": {}})");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->device_name, "\"Infinity\" NaN");
  EXPECT_FALSE(file->arch.has_value());
}

TEST(FlashInfer, ReadsPairsAndLeavesOutWhatItsOwnLoaderWould) {
  const auto file = ReadFlashInfer(ReadTestData("flashinfer_cache.json"));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->device_name, "NVIDIA H200");
  EXPECT_FALSE(file->arch.has_value());
  ASSERT_THAT(file->rows, SizeIs(3));
  EXPECT_EQ(file->rows[0].tactic, (Tactic{{"tactic", int64_t{5}}}));
  EXPECT_EQ(file->rows[0].unique_id, "");
  EXPECT_EQ(file->rows[0].shapes, (Shapes{{64, 512}, {512, 128}}));
  // Its lists are tuples.
  EXPECT_EQ(file->rows[1].tactic, (Tactic{{"literal", std::string("(128, (2, 1))")}}));
  EXPECT_EQ(file->rows[1].unique_id, "('torch.bfloat16', True)");
  EXPECT_EQ(file->rows[2].tactic, (Tactic{{"knobs", int64_t{3}}}));
  ASSERT_THAT(file->skipped, SizeIs(3));
  EXPECT_THAT(file->skipped[0].why, HasSubstr("cuDNN"));
  EXPECT_THAT(file->skipped[1].why, AllOf(HasSubstr("OtherDemo"), HasSubstr("CutlassDemo")));
  EXPECT_THAT(file->skipped[2].why, HasSubstr("no pair"));
}

TEST(FlashInfer, MetadataMustFitWhatIsExpected) {
  const std::string text = ReadTestData("flashinfer_cache.json");
  EXPECT_THAT(ReadFlashInfer(text, {{{"gpu", "NVIDIA H200"}, {"cublas_version", "13.1"}}}), IsOk());
  EXPECT_THAT(ReadFlashInfer(text, {{{"gpu", "NVIDIA B200"}}}),
              ErrorIs(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("gpu"), HasSubstr("H200"), HasSubstr("B200"))));
  // Hard also where unknown fields are accepted.
  EXPECT_FALSE(ReadFlashInfer(text, {{{"gpu", "NVIDIA B200"}}, true}).ok());
  for (const char* field : {"cudnn_version", "cudnn_frontend_version"}) {
    EXPECT_THAT(ReadFlashInfer(text, {{{field, "9.1"}}}),
                ErrorIs(ErrorCode::kFailedPrecondition, HasSubstr("does not know")));
    EXPECT_THAT(ReadFlashInfer(text, {{{field, "9.1"}}, true}), IsOk());
  }
  EXPECT_THAT(ReadFlashInfer("{}", {{{"gpu", "any"}}}), IsOk());  // No metadata: accepted.
}

TEST(FlashInfer, WhatIsNoneIsRefused) {
  for (const char* text : {"", "[]", "3", "{\"_metadata\": []}"}) {
    EXPECT_THAT(ReadFlashInfer(text), ErrorIs(ErrorCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace tactic::interop
