#include "runners/timing/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace tactic::timing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;

constexpr char kHeader[] =
    "mode,m,n,k,candidate,algo_id,tile,stages,splitk,swizzle,custom,cluster,workspace,samples_us\n";

Result<std::vector<TraceProblem>> Parse(const std::string& text) {
  std::istringstream stream(text);
  return ReadTrace(stream);
}

std::string ErrorOf(const std::string& text) {
  const auto trace = Parse(text);
  return trace.ok() ? "" : trace.error().message;
}

TEST(ReadTrace, GroupsRowsByProblem) {
  const auto trace = Parse(std::string(kHeader) +
                           "cold,1,2,3,0,66,10,35,2,0,1,3,32784,1.5,2.5\r\n"
                           "cold,1,2,3,1,66,11,35,2,0,1,3,0,4\n"
                           "\n"
                           "warm,1,2,3,0,66,10,35,2,0,1,3,32784,3e1");
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  ASSERT_EQ(trace->size(), 2u);
  const TraceProblem& cold = trace->front();
  EXPECT_EQ(cold.mode, "cold");
  EXPECT_EQ(cold.k, 3);
  ASSERT_EQ(cold.rows.size(), 2u);
  EXPECT_THAT(cold.rows[0].samples_us, ElementsAre(1.5f, 2.5f));
  EXPECT_EQ(cold.rows[1].configuration.IntOr("tile", 0), 11);
  EXPECT_EQ(trace->back().rows[0].samples_us[0], 30);
}

TEST(ReadTrace, NamesTheLineAndWhatIsWrong) {
  const std::string row = "cold,1,2,3,0,66,10,35,2,0,1,3,32784,1.5\n";
  EXPECT_THAT(ErrorOf(""), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf(kHeader), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf(row + "cold,1,2\n"), HasSubstr("line 2: k is missing"));
  EXPECT_THAT(ErrorOf("cold,1,2,3,0,66,10,35,2,0,1,3\n"), HasSubstr("workspace is missing"));
  EXPECT_THAT(ErrorOf("cold,1,x,3,0,66,10,35,2,0,1,3,0,1\n"), HasSubstr("line 1: n is 'x'"));
  EXPECT_THAT(ErrorOf("cold,1,2.5,3,0,66,10,35,2,0,1,3,0,1\n"), HasSubstr("n is '2.5'"));
  EXPECT_THAT(ErrorOf("cold,1,2,3,0,66,10,35,2,0,1,3,0,1,,2\n"), HasSubstr("sample 2 is ''"));
  EXPECT_THAT(ErrorOf("cold,1,2,3,0,66,10,35,2,0,1,3,0,1,4us\n"), HasSubstr("sample 2 is '4us'"));
  EXPECT_THAT(ErrorOf("cold,99999999999999999999,2,3,0,66,10,35,2,0,1,3,0,1\n"),
              HasSubstr("m is '99999999999999999999'"));
  EXPECT_THAT(ErrorOf(",1,2,3,0,66,10,35,2,0,1,3,0,1\n"), HasSubstr("mode is empty"));
  EXPECT_THAT(ErrorOf(row + row), HasSubstr("line 2: candidate is 0; the next one"));
  EXPECT_THAT(ErrorOf("cold,1,2,3,-1,66,10,35,2,0,1,3,0,1\n"), HasSubstr("candidate is -1"));
  EXPECT_THAT(ErrorOf(row + "warm,1,2,3,0,66,10,35,2,0,1,3,0,1\n" + row),
              HasSubstr("must stand together"));
  EXPECT_THAT(ErrorOf(row + std::string((1 << 20) + 1, 'x')),
              HasSubstr("line 2: is 1048577 bytes"));
}

TEST(ReadTrace, TheHeaderNamesTheSettings) {
  const auto trace = Parse(
      "mode,m,n,k,candidate,kc,micro,pack_b,samples_us\n"
      "cold,1,2,3,0,,,,7.5\n"
      "cold,1,2,3,1,256,avx2_6x16,,1.5,2.5\n"
      "cold,1,2,3,2,-1,,true,3\n");
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  const auto& rows = trace->front().rows;
  EXPECT_EQ(rows[0].configuration, Tactic());
  EXPECT_THAT(rows[0].samples_us, ElementsAre(7.5f));
  EXPECT_EQ(rows[1].configuration,
            (Tactic{{"kc", int64_t{256}}, {"micro", std::string("avx2_6x16")}}));
  EXPECT_THAT(rows[1].samples_us, ElementsAre(1.5f, 2.5f));
  EXPECT_EQ(rows[2].configuration, (Tactic{{"kc", int64_t{-1}}, {"pack_b", std::string("true")}}));
}

TEST(ReadTrace, KeepsWhatIsNoTimeForWhoeverIsServedIt) {
  const auto trace = Parse(
      "cold,1,2,3,0,66,10,35,2,0,1,3,0\n"
      "cold,1,2,3,1,66,10,35,2,0,1,3,0,nan,0,-1,inf\n"
      "cold,1,2,3,2,66,10,35,2,0,1,3,0,5,,,\n");
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  const auto& rows = trace->front().rows;
  EXPECT_THAT(rows[0].samples_us, IsEmpty());
  EXPECT_THAT(rows[1].samples_us, ElementsAre(IsNan(), 0, -1, INFINITY));
  EXPECT_THAT(rows[2].samples_us, ElementsAre(5));
}

TEST(ReadTrace, TakesProblemsOfAnySize) {
  const auto trace = Parse("tepid,7,123456789012,0,0,66,10,35,2,0,1,3,0,1\n");
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  EXPECT_EQ(ToText(trace->front()), "tepid m=7 n=123456789012 k=0");
}

}  // namespace
}  // namespace tactic::timing
