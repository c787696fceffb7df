#include "client/cli/missed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/json.h"
#include "proto/convert/convert.h"
#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Miss MissOf(int64_t m, int64_t real_m, uint64_t decision_id = 0) {
  v1::Miss miss;
  convert::ToProto(Gemm(m, 64, 32), miss.mutable_problem());
  for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{real_m, 32}, {32, 64}}) {
    v1::Shape& shape = *miss.add_shapes();
    shape.add_dims(rows);
    shape.add_dims(cols);
  }
  miss.set_count(3);
  miss.set_last_unix_ms(1000);
  miss.set_decision_id(decision_id);
  miss.set_fingerprint("fingerprint of " + std::to_string(m));
  return miss;
}

TEST(MissesTextTest, ShowsProblemRealShapesAndWhetherDecided) {
  EXPECT_EQ(MissesText(GemmSchemas(), {}, 0), "no misses\n");
  EXPECT_EQ(MissesText(GemmSchemas(), {MissOf(16, 13), MissOf(8, 7, 12)}, 0),
            "problem                  called with      count  last seen             decided\n"
            "gemm m=16 k=32 n=64 f32  [13,32] [32,64]      3  1970-01-01 00:00:01Z  no\n"
            "gemm m=8 k=32 n=64 f32   [7,32] [32,64]       3  1970-01-01 00:00:01Z  by 12\n"
            "2 missed calls, met 6 times\n");
}

TEST(MissesJsonTest, KeepsItsShape) {
  const Json json = ToJson(GemmSchemas(), MissOf(16, 13, 12));
  EXPECT_EQ(json["problem"]["sizes"]["m"], 16);
  EXPECT_EQ(json["policy"]["cache"], "unspecified");
  EXPECT_EQ(json["shapes"], Json({{13, 32}, {32, 64}}));
  EXPECT_EQ(json["count"], 3);
  EXPECT_EQ(json["last_unix_ms"], 1000);
  EXPECT_EQ(json["decision_id"], 12);
}

TEST(UndecidedOfTest, AsksForEachProblemOnceAndByPolicy) {
  v1::Miss warm = MissOf(32, 30);
  warm.mutable_policy()->set_cache(v1::CACHE_STATE_WARM);
  const auto requests =
      UndecidedOf({MissOf(16, 13), MissOf(16, 14), MissOf(8, 7, 12), MissOf(4, 3), warm}, 10);
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].problems_size(), 2);
  EXPECT_EQ(requests[0].problems(0).inputs(0).dims(0).opt(), 16);
  EXPECT_EQ(requests[1].problems_size(), 1);
  EXPECT_EQ(requests[1].policy().cache(), v1::CACHE_STATE_WARM);
  EXPECT_THAT(UndecidedOf({MissOf(8, 7, 12)}, 10), IsEmpty());
}

TEST(UndecidedOfTest, ManyProblemsAreSeveralRequests) {
  std::vector<v1::Miss> misses;
  for (int m = 1; m <= 5; ++m) misses.push_back(MissOf(m, m));
  const auto requests = UndecidedOf(misses, 2);
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[2].problems_size(), 1);
}

}  // namespace
}  // namespace tactic::cli
