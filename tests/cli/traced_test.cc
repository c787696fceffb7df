#include "client/cli/traced.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "runners/timing/trace.h"
#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Found Measured(uint64_t id, int64_t m) {
  Found found{GemmDecision(id, Gemm(m, 64, 32)), Evidence()};
  Trial standard{BlockedDefault(), Outcome::kMeasured, "", 2000, {{0, 0, 2100}, {0, 1, 2000}}};
  Trial tuned{Blocked(256), Outcome::kEliminated, "", 1500, {{0, 0, 1500}}};
  Trial failed{Blocked(512), Outcome::kCrashed, "killed", 0, {{0, 0, 1400}}};
  found.evidence->trials = {standard, tuned, failed};
  return found;
}

std::vector<timing::TraceProblem> Read(const std::string& text) {
  std::istringstream in(text);
  auto problems = timing::ReadTrace(in);
  EXPECT_TRUE(problems.ok()) << problems.error().message;
  return problems.ok() ? *problems : std::vector<timing::TraceProblem>();
}

TEST(TraceTextTest, IsReadBackByTheReplay) {
  const auto text = TraceText(GemmSchemas(), {Measured(1, 4), Measured(2, 8)});
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto problems = Read(*text);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(timing::ToText(problems[1]), "cold m=8 n=64 k=32");
  ASSERT_THAT(problems[0].rows, SizeIs(3));
  EXPECT_THAT(problems[0].rows[0].samples_us, ElementsAre(2.1f, 2.0f));
  EXPECT_EQ(problems[0].rows[1].configuration.IntOr("kc", 0), 256);
  EXPECT_EQ(problems[0].rows[1].configuration.StringOr("runner", ""), "host_blocked");
  EXPECT_THAT(problems[0].rows[2].samples_us, IsEmpty());  // It failed.
}

TEST(TraceTextTest, HoldsTheLastWorkersRoundsOnly) {
  Found found = Measured(1, 4);
  found.evidence->trials[0].samples = {{0, 0, 9000}, {1, 0, 1000}, {1, 1, 2000}, {1, 3, 4000}};
  const auto text = TraceText(GemmSchemas(), {found});
  ASSERT_TRUE(text.ok());
  // Up to the round that it missed.
  EXPECT_THAT(Read(*text)[0].rows[0].samples_us, ElementsAre(1.0f, 2.0f));
}

TEST(TraceTextTest, ADefaultThatFailedIsARowWithoutSettingsAndSamples) {
  Found found = Measured(1, 4);
  found.evidence->trials[0].outcome = Outcome::kCrashed;
  const auto text = TraceText(GemmSchemas(), {found});
  ASSERT_TRUE(text.ok());
  const auto problems = Read(*text);
  ASSERT_THAT(problems[0].rows, SizeIs(3));
  EXPECT_THAT(problems[0].rows[0].samples_us, IsEmpty());
  EXPECT_EQ(problems[0].rows[0].configuration.Find("kc"), nullptr);
}

TEST(TraceTextTest, SeparatorsInAValueDoNotBreakTheRow) {
  Found found = Measured(1, 4);
  found.evidence->trials[1].candidate.tactic.Set("tile", ValueList{{int64_t{128}, int64_t{64}}});
  const auto text = TraceText(GemmSchemas(), {found});
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(Read(*text)[0].rows[1].configuration.StringOr("tile", ""), "[128;64]");
}

TEST(TraceTextTest, WhatTheColumnsCannotTellApartIsAnError) {
  Found other = Measured(5, 4);
  other.decision.key.problem.inputs[0].dtype = DType::kF64;
  other.decision.key.problem.inputs[1].dtype = DType::kF64;
  const auto text = TraceText(GemmSchemas(), {Measured(1, 4), other});
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message,
              AllOf(HasSubstr("decisions 1 and 5"), HasSubstr("name the ids")));
  EXPECT_TRUE(TraceText(GemmSchemas(), {other}).ok());
}

TEST(TraceTextTest, TwoOpsAreAnError) {
  Found other = Measured(2, 8);
  other.decision.key.problem.op = "conv";
  const auto text = TraceText(GemmSchemas(), {Measured(1, 4), other});
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message, HasSubstr("choose one with --op"));
}

TEST(TraceTextTest, NothingToWriteIsAnError) {
  EXPECT_EQ(TraceText(GemmSchemas(), {}).error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tactic::cli
