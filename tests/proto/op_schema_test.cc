#include "tactic/model/op_schema.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::GemmProblem;
using testing::GemmSchema;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Pair;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;
const std::map<std::string, int64_t> kSizes = {{"m", 16}, {"k", 2048}, {"n", 512}};

TEST(OpSchemaTest, DimensionsInOrderOfFirstAppearance) {
  EXPECT_THAT(DimNames(GemmSchema()), ElementsAre("m", "k", "n"));
}

TEST(OpSchemaTest, MakesAProblemFromSizesAlone) {
  const Problem expected = {
      "gemm",
      {{"alpha", 1.0}, {"epilogue", std::string("none")}},
      {{DType::kF32, Layout::kRowMajor, {Dim::Static(16), Dim::Static(2048)}},
       {DType::kF32, Layout::kRowMajor, {Dim::Static(2048), Dim::Static(512)}}}};
  EXPECT_THAT(MakeProblem(GemmSchema(), kSizes, std::nullopt, {}, {}), IsOkAndHolds(expected));
}

TEST(OpSchemaTest, MakesAProblemAsTold) {
  const Result<Problem> problem =
      MakeProblem(GemmSchema(), kSizes, DType::kF16, {{"b", Layout::kColMajor}}, {{"alpha", 0.5}});
  ASSERT_THAT(problem, IsOk());
  EXPECT_EQ(problem->inputs[0].dtype, DType::kF16);
  EXPECT_EQ(problem->inputs[0].layout, Layout::kRowMajor);
  EXPECT_EQ(problem->inputs[1].layout, Layout::kColMajor);
  EXPECT_EQ(problem->attributes, Parameters({{"alpha", 0.5}, {"epilogue", std::string("none")}}));
}

TEST(OpSchemaTest, WhatIsMissingOrUnknownIsNamedWithWhatIsKnown) {
  const OpSchema gemm = GemmSchema();
  EXPECT_THAT(MakeProblem(gemm, {{"m", 16}, {"k", 2048}}, std::nullopt, {}, {}),
              ErrorIs(kInvalid, "dimension n is missing; gemm needs m, k, n"));
  EXPECT_THAT(MakeProblem(gemm, {{"m", 16}, {"k", 1}, {"n", 1}, {"q", 1}}, std::nullopt, {}, {}),
              ErrorIs(kInvalid, "unknown dimension \"q\"; gemm has m, k, n"));
  EXPECT_THAT(MakeProblem(gemm, kSizes, std::nullopt, {{"c", Layout::kRowMajor}}, {}),
              ErrorIs(kInvalid, "layout of unknown input \"c\"; gemm has a, b"));
  EXPECT_THAT(
      MakeProblem(gemm, kSizes, std::nullopt, {}, {{"beta", 1.0}}),
      ErrorIs(kInvalid, "attributes: unknown attribute \"beta\"; gemm has alpha, epilogue"));
  EXPECT_THAT(MakeProblem(gemm, kSizes, std::nullopt, {}, {{"alpha", int64_t{1}}}),
              ErrorIs(kInvalid, "attributes[alpha]: 1 is int; must be double"));
  EXPECT_THAT(MakeProblem(gemm, kSizes, DType::kI8, {}, {}),
              ErrorIs(kInvalid, AllOf(HasSubstr("inputs[0] (a).dtype: i8"),
                                      HasSubstr("gemm accepts f32, f16"))));
  EXPECT_THAT(MakeProblem(gemm, kSizes, std::nullopt, {{"a", Layout::kColMajor}}, {}),
              ErrorIs(kInvalid, AllOf(HasSubstr("inputs[0] (a).layout: col_major"),
                                      HasSubstr("gemm accepts row_major"))));
}

TEST(OpSchemaTest, SizesOutOfRangeAreRefused) {
  EXPECT_THAT(MakeProblem(GemmSchema(), {{"m", -1}, {"k", 1}, {"n", 1}}, std::nullopt, {}, {}),
              ErrorIs(kInvalid, HasSubstr("inputs[0].dims[0].opt is -1")));
  const int64_t huge = limits::kDim;
  EXPECT_THAT(MakeProblem(GemmSchema(), {{"m", huge}, {"k", huge}, {"n", 1}}, std::nullopt, {}, {}),
              ErrorIs(kInvalid, HasSubstr("bytes a tensor")));
}

TEST(OpSchemaTest, AcceptsItsOwnProblems) {
  EXPECT_THAT(CheckAgainst(GemmSchema(), GemmProblem()), IsOk());
  Problem without_attributes = GemmProblem();
  without_attributes.attributes = {};
  EXPECT_THAT(CheckAgainst(GemmSchema(), without_attributes), IsOk());
}

TEST(OpSchemaTest, RefusesProblemsOfAnotherShape) {
  Problem problem = GemmProblem();
  problem.op = "softmax";
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem), ErrorIs(kInvalid, HasSubstr("must be gemm")));
  problem = GemmProblem();
  problem.inputs.pop_back();
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem),
              ErrorIs(kInvalid, "inputs: count is 1; gemm takes 2 (a, b)"));
  problem = GemmProblem();
  problem.inputs[0].dims.push_back(Dim::Static(1));
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem),
              ErrorIs(kInvalid, "inputs[0] (a).dims: rank is 3; gemm takes 2 (m, k)"));
  problem = GemmProblem();
  problem.inputs[1].dims[0] = Dim::Static(1024);
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem),
              ErrorIs(kInvalid,
                      "inputs[1] (b).dims[0]: dimension k is 1024 here and 2048 before; "
                      "must be equal"));
  problem = GemmProblem();
  problem.inputs[1].dtype = DType::kF16;
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem),
              ErrorIs(kInvalid, HasSubstr("all inputs of gemm share one dtype")));
  problem = GemmProblem();
  problem.inputs[1] = {DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}};
  EXPECT_THAT(CheckAgainst(GemmSchema(), problem),
              ErrorIs(kInvalid, HasSubstr("inputs[1] (b).dtype: absent")));
}

TEST(OpSchemaTest, AnOptionalInputMayBeAbsent) {
  OpSchema schema = GemmSchema();
  schema.inputs.push_back(
      {"bias", {"n"}, {DType::kF32, DType::kAbsent}, {Layout::kRowMajor}, true});
  Problem problem = GemmProblem();
  problem.inputs.push_back({DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}});
  EXPECT_THAT(CheckAgainst(schema, problem), IsOk());
  EXPECT_THAT(SizesByName(schema, problem),
              ElementsAre(Pair("k", 2048), Pair("m", 16), Pair("n", 512)));
  problem.inputs.back() = {DType::kF32, Layout::kRowMajor, {Dim::Static(511)}};
  EXPECT_THAT(CheckAgainst(schema, problem), ErrorIs(kInvalid, HasSubstr("dimension n is 511")));
}

TEST(OpSchemaTest, AnInputWithADtypeOfItsOwnDoesNotShareIt) {
  const OpSchema gather = {
      "gather",
      {{"indices", {"n"}, {DType::kI32}, {Layout::kRowMajor}, false, true},
       {"table", {"rows", "cols"}, {DType::kF32, DType::kF16}, {Layout::kRowMajor}, true}},
      {}};
  EXPECT_THAT(CheckSchema("", gather), IsOk());
  const auto problem =
      MakeProblem(gather, {{"n", 4}, {"rows", 8}, {"cols", 2}}, DType::kF16, {}, {});
  ASSERT_THAT(problem, IsOk());
  EXPECT_EQ(problem->inputs[0].dtype, DType::kI32);
  EXPECT_EQ(problem->inputs[1].dtype, DType::kF16);
}

TEST(OpSchemaTest, FillDefaultsAddsOnlyWhatIsLeftOut) {
  Problem problem = GemmProblem();
  problem.attributes = {{"alpha", 2.0}};
  FillDefaults(GemmSchema(), problem);
  EXPECT_EQ(problem.attributes, Parameters({{"alpha", 2.0}, {"epilogue", std::string("none")}}));
}

TEST(OpSchemaTest, SchemasAreCheckedThemselves) {
  EXPECT_THAT(CheckSchema("ops[0].", GemmSchema()), IsOk());
  OpSchema schema = GemmSchema();
  schema.inputs[1].name = "a";
  EXPECT_THAT(CheckSchema("ops[0].", schema),
              ErrorIs(kInvalid, "ops[0].inputs: \"a\" is there twice; each name once"));
  schema = GemmSchema();
  schema.attributes.push_back(schema.attributes[0]);
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("attributes: \"alpha\"")));
  schema = GemmSchema();
  schema.inputs[0].dtypes.clear();
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("inputs[0].dtypes: empty")));
  schema = GemmSchema();
  schema.inputs[0].layouts.clear();
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("inputs[0].layouts: empty")));
  schema = GemmSchema();
  schema.inputs[0].dims.assign(9, "m");
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("inputs[0].dims: rank is 9")));
  schema = GemmSchema();
  schema.inputs[0].dims[0] = "m k";
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("inputs[0].dims: \"m k\"")));
  schema = GemmSchema();
  schema.inputs.resize(33);
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("inputs: count is 33")));
  schema = GemmSchema();
  schema.attributes.resize(65);
  EXPECT_THAT(CheckSchema("", schema), ErrorIs(kInvalid, HasSubstr("attributes: count is 65")));
}

}  // namespace
}  // namespace tactic
