#include "client/cli/problem_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const ProblemFlags& flags) {
  const auto problems = MakeProblems(GemmSchema(), flags);
  EXPECT_FALSE(problems.ok());
  return problems.ok() ? "" : problems.error().message;
}

TEST(MakeProblemsTest, CombinesDimensionsLastFastest) {
  const auto problems =
      MakeProblems(GemmSchema(), {.op = "gemm", .dims = {"m=1,2", "k=32", "n=64,128"}});
  ASSERT_TRUE(problems.ok()) << problems.error().message;
  EXPECT_THAT(*problems,
              ElementsAre(Gemm(1, 64, 32), Gemm(1, 128, 32), Gemm(2, 64, 32), Gemm(2, 128, 32)));
}

TEST(MakeProblemsTest, ShapesTakeTheRestFromFlags) {
  const auto problems = MakeProblems(
      GemmSchema(), {.op = "gemm", .dims = {"m=1,2"}, .shapes = {"n=64,k=32", "k=16,n=8"}});
  ASSERT_TRUE(problems.ok()) << problems.error().message;
  EXPECT_THAT(*problems,
              ElementsAre(Gemm(1, 64, 32), Gemm(2, 64, 32), Gemm(1, 8, 16), Gemm(2, 8, 16)));
}

TEST(MakeProblemsTest, RefusesMoreThanAJobTakes) {
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"m=1..3000"}, .shapes = {"n=1,k=1", "n=2,k=1"}}),
              HasSubstr("more than 4096 problems"));
}

TEST(MakeProblemsTest, TakesTypesLayoutsAndAttributes) {
  const auto problems = MakeProblems(GemmSchema(), {.op = "gemm",
                                                    .dims = {"m=1", "n=2", "k=3"},
                                                    .dtype = "f64",
                                                    .layouts = {"b=col_major"},
                                                    .attributes = {"alpha=0.5"}});
  ASSERT_TRUE(problems.ok()) << problems.error().message;
  const Problem& problem = problems->front();
  EXPECT_EQ(problem.inputs[0].dtype, DType::kF64);
  EXPECT_EQ(problem.inputs[1].layout, Layout::kColMajor);
  EXPECT_EQ(*problem.attributes.Find("alpha"), Value(0.5));
}

TEST(MakeProblemsTest, NamesTheFlagAndWhatIsKnown) {
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"rows=4"}}),
              AllOf(HasSubstr("unknown flag --rows"), HasSubstr("m, k, n")));
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"m=1", "m=2"}}), HasSubstr("--m is given twice"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"m=x"}}), HasSubstr("--m: 'x' is not a size"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"m=1", "k=2"}}), HasSubstr("n"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .dims = {"m=1"}, .shapes = {"m=2,n=1,k=1"}}),
              HasSubstr("--shapes m=2,n=1,k=1 gives m, and so does --m"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .shapes = {"m=1,n=1,k=1,z=1"}}), HasSubstr("z"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .dtype = "f33"}),
              AllOf(HasSubstr("'f33'"), HasSubstr("f32, f64")));
  EXPECT_THAT(ErrorOf({.op = "gemm", .layouts = {"b=diagonal"}}), HasSubstr("'diagonal'"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .layouts = {"b"}}), HasSubstr("--layout"));
  EXPECT_THAT(ErrorOf({.op = "gemm", .attributes = {"beta=1"}}),
              AllOf(HasSubstr("'beta'"), HasSubstr("alpha")));
  EXPECT_THAT(ErrorOf({.op = "gemm", .attributes = {"alpha=x"}}), HasSubstr("--attr alpha"));
}

TEST(MakePolicyTest, TakesCacheStateAndBudget) {
  const auto policy = MakePolicy({.cache = "warm", .budget = "1.5s"});
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy->cache, CacheState::kWarm);
  EXPECT_EQ(policy->budget_ms, 1500u);
  EXPECT_EQ(MakePolicy({}).value(), MeasurementPolicy());
}

TEST(MakePolicyTest, NamesTheFlagAndTheBound) {
  EXPECT_THAT(MakePolicy({.cache = "hot"}).error().message,
              AllOf(HasSubstr("'hot'"), HasSubstr("weights_cold, all_cold or warm")));
  EXPECT_THAT(MakePolicy({.budget = "2h"}).error().message, HasSubstr("1ms to 1h"));
  EXPECT_THAT(MakePolicy({.budget = "10us"}).error().message, HasSubstr("1ms to 1h"));
  EXPECT_THAT(MakePolicy({.budget = "10"}).error().message, HasSubstr("--budget"));
}

}  // namespace
}  // namespace tactic::cli
