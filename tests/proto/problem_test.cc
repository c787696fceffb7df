#include "tactic/model/problem.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using testing::GemmProblem;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;

Check CheckWithDim(Dim dim) {
  Problem problem = GemmProblem();
  problem.inputs[0].dims[0] = dim;
  return CheckProblem("problems[3].", problem);
}

Check CheckWithShape(DType dtype, std::vector<int64_t> sizes) {
  Tensor tensor{dtype, Layout::kRowMajor, {}};
  for (const int64_t n : sizes) tensor.dims.push_back(Dim::Static(n));
  return CheckProblem("", Problem{"op", {}, {tensor}});
}

TEST(ProblemTest, NamesOfTypesReadBack) {
  for (int i = 0; i <= 13; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(Name(dtype)), dtype);
  }
  EXPECT_EQ(ParseLayout(Name(Layout::kRowMajor)), Layout::kRowMajor);
  EXPECT_EQ(ParseLayout(Name(Layout::kColMajor)), Layout::kColMajor);
  EXPECT_EQ(ParseDType("float"), std::nullopt);
  EXPECT_EQ(ParseDType("unknown"), std::nullopt);
  EXPECT_EQ(ParseLayout(""), std::nullopt);
}

TEST(ProblemTest, BytesOfTensors) {
  EXPECT_EQ(Bytes({DType::kF32, Layout::kRowMajor, {Dim::Static(3), Dim::Dynamic(1, 5, 9)}}), 60u);
  EXPECT_EQ(Bytes({DType::kBF16, Layout::kRowMajor, {}}), 2u);
  EXPECT_EQ(Bytes({DType::kF64, Layout::kRowMajor, {Dim::Static(0), Dim::Static(9)}}), 0u);
  EXPECT_EQ(Elements({DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}}), 0);
}

TEST(ProblemTest, TextIsForPeople) {
  EXPECT_EQ(ToText(GemmProblem(16)), "gemm f32[16,2048] f32[2048,512]^T alpha=1 epilogue=none");
  EXPECT_EQ(ToText(Problem{"op", {}, {{DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}}}}),
            "op absent");
}

TEST(ProblemTest, AcceptsTheLimitsThemselves) {
  EXPECT_THAT(CheckProblem("", GemmProblem()), IsOk());
  EXPECT_THAT(CheckProblem("", Problem{std::string(128, 'a'), {}, {}}), IsOk());
  EXPECT_THAT(CheckProblem("", Problem{"aZ09_.:/-", {}, {}}), IsOk());
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(0, 0, kUnbounded)), IsOk());
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(1, 16, limits::kDim)), IsOk());
  EXPECT_THAT(CheckWithShape(DType::kI8, {limits::kDim}), IsOk());
  EXPECT_THAT(CheckWithShape(DType::kI8, {limits::kDim, 16}), IsOk());
  EXPECT_THAT(CheckWithShape(DType::kF32, {}), IsOk());
  EXPECT_THAT(CheckWithShape(DType::kF32, {1, 1, 1, 1, 1, 1, 1, 1}), IsOk());
  const Tensor absent = {DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}};
  EXPECT_THAT(CheckProblem("", Problem{"op", {}, std::vector<Tensor>(32, absent)}), IsOk());
}

TEST(ProblemTest, RefusesNames) {
  for (const std::string& op :
       {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a\n"),
        std::string("\xc3\xa9"), std::string(1, '\0')}) {
    EXPECT_THAT(CheckProblem("problem.", Problem{op, {}, {}}),
                ErrorIs(kInvalid, AllOf(HasSubstr("problem.op"),
                                        HasSubstr("(" + std::to_string(op.size()) + " bytes)"),
                                        HasSubstr("1 to 128 of [A-Za-z0-9_.:/-]"))));
  }
}

TEST(ProblemTest, RefusesDimensionsOutOfRange) {
  EXPECT_THAT(CheckWithDim(Dim::Static(-1)),
              ErrorIs(kInvalid,
                      "problems[3].inputs[0].dims[0].opt is -1; must be 0 to "
                      "1099511627776"));
  EXPECT_THAT(CheckWithDim(Dim::Static(limits::kDim + 1)), ErrorIs(kInvalid, HasSubstr(".opt")));
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(17, 16, 32)),
              ErrorIs(kInvalid, HasSubstr("dims[0].min is 17; must be 0 to 16")));
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(-1, 16, 32)), ErrorIs(kInvalid, HasSubstr(".min is -1")));
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(1, 16, 15)),
              ErrorIs(kInvalid, HasSubstr("dims[0].max is 15; must be 16 to")));
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(1, 16, limits::kDim + 1)),
              ErrorIs(kInvalid, HasSubstr(".max")));
  EXPECT_THAT(CheckWithDim(Dim::Dynamic(1, 16, kUnbounded - 1)),
              ErrorIs(kInvalid, HasSubstr(".max")));
}

TEST(ProblemTest, RefusesTensorsThatAreTooBig) {
  EXPECT_THAT(CheckWithShape(DType::kI8, {limits::kDim, 17}),
              ErrorIs(kInvalid, AllOf(HasSubstr("inputs[0]: [1099511627776,17] of i8"),
                                      HasSubstr("17592186044416 bytes"))));
  EXPECT_THAT(CheckWithShape(DType::kF64, {limits::kDim, 3}), ErrorIs(kInvalid));
  const int64_t n = limits::kDim;
  EXPECT_THAT(CheckWithShape(DType::kF64, {n, n, n, n, n, n, n, n}), ErrorIs(kInvalid));
  // Empty as a whole, but the product of the others would overflow on the way.
  EXPECT_THAT(CheckWithShape(DType::kF64, {n, n, n, 0}), ErrorIs(kInvalid));
  EXPECT_THAT(CheckWithShape(DType::kF64, {0, n, n, n}), ErrorIs(kInvalid));
}

TEST(ProblemTest, RefusesRanksAndCounts) {
  EXPECT_THAT(CheckWithShape(DType::kF32, std::vector<int64_t>(9, 1)),
              ErrorIs(kInvalid, HasSubstr("inputs[0].dims: rank is 9; must be 0 to 8")));
  const Problem wide = {"op", {}, std::vector<Tensor>(33)};
  EXPECT_THAT(CheckProblem("", wide), ErrorIs(kInvalid, "inputs: count is 33; must be 0 to 32"));
}

TEST(ProblemTest, RefusesLayoutsAndTypesThatMeanNothing) {
  const Tensor vector = {DType::kF32, Layout::kColMajor, {Dim::Static(4)}};
  EXPECT_THAT(CheckProblem("", Problem{"op", {}, {vector}}),
              ErrorIs(kInvalid, HasSubstr("inputs[0].layout: col_major needs 2 dimensions")));
  const Tensor unknown = {static_cast<DType>(14), Layout::kRowMajor, {}};
  EXPECT_THAT(CheckProblem("", Problem{"op", {}, {unknown}}),
              ErrorIs(kInvalid, HasSubstr("inputs[0].dtype: 14 is no dtype")));
}

TEST(ProblemTest, AnAbsentInputHasOneForm) {
  for (const Tensor& tensor :
       {Tensor{DType::kAbsent, Layout::kRowMajor, {}},
        Tensor{DType::kAbsent, Layout::kRowMajor, {Dim::Static(1)}},
        Tensor{DType::kAbsent, Layout::kRowMajor, {Dim::Static(0), Dim::Static(0)}},
        Tensor{DType::kAbsent, Layout::kColMajor, {Dim::Static(0)}}}) {
    EXPECT_THAT(CheckProblem("", Problem{"op", {}, {tensor}}),
                ErrorIs(kInvalid, HasSubstr("an absent input has the shape [0]")));
  }
}

TEST(ProblemTest, RefusesParameters) {
  Parameters many;
  for (int i = 0; i < 65; ++i) many.Set("p" + std::to_string(i), int64_t{i});
  EXPECT_THAT(CheckParameters("attributes", many),
              ErrorIs(kInvalid, "attributes: count is 65; must be 0 to 64"));
  EXPECT_THAT(CheckParameters("attributes", {{"a b", true}}),
              ErrorIs(kInvalid, HasSubstr("attributes: name: \"a b\"")));
  EXPECT_THAT(CheckParameters("attributes", {{"a", std::string(257, 'x')}}),
              ErrorIs(kInvalid, AllOf(HasSubstr("attributes[a]"), HasSubstr("(257 bytes)"),
                                      HasSubstr("0 to 256 bytes"))));
  EXPECT_THAT(CheckParameters("attributes", {{"a", std::string("x\x07")}}),
              ErrorIs(kInvalid, HasSubstr("without control characters")));
  for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EXPECT_THAT(CheckParameters("attributes", {{"a", value}}),
                ErrorIs(kInvalid, HasSubstr("attributes[a]")));
  }
}

// `value` inside `levels` lists.
Value Wrapped(Value value, size_t levels) {
  for (size_t i = 0; i < levels; ++i) value = ValueList{{std::move(value)}};
  return value;
}

TEST(CheckParametersTest, NestedValuesAreBoundedInDepthAndNumber) {
  EXPECT_THAT(CheckParameters("tactic", {{"a", Wrapped(true, limits::kValueDepth)}}), IsOk());
  EXPECT_THAT(
      CheckParameters("tactic", {{"a", Wrapped(true, limits::kValueDepth + 1)}}),
      ErrorIs(kInvalid, "tactic[a][0][0][0][0][0][0][0][0] is nested 9 deep; must be at most 8"));
  const auto with_items = [](size_t count) {
    return Parameters{{"a", ValueList{std::vector<Value>(count, int64_t{1})}}, {"b", true}};
  };
  EXPECT_THAT(CheckParameters("tactic", with_items(limits::kValues - 2)), IsOk());
  EXPECT_THAT(CheckParameters("tactic", with_items(limits::kValues - 1)),
              ErrorIs(kInvalid,
                      "tactic[b] is value 513 of its parameters; must be at most 512, "
                      "nested ones counted"));
  EXPECT_THAT(CheckParameters("tactic", {{"a", Parameters{{"b c", true}}}}),
              ErrorIs(kInvalid, HasSubstr("tactic[a]: name: \"b c\"")));
  EXPECT_THAT(CheckParameters("tactic", {{"a", ValueList{{0.5, HUGE_VAL}}}}),
              ErrorIs(kInvalid, "tactic[a][1]: inf is not a finite number"));
}

}  // namespace
}  // namespace tactic
