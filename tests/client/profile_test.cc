#include "client/cache/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/client/gemm_op.h"

namespace tactic::cache_internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Rule = Mapper::Rule;

int64_t Map(Rule rule, int64_t x, int64_t step = 1, std::vector<int64_t> list = {}) {
  return MapSize({rule, step, std::move(list)}, x);
}

OpSpec Spec(std::vector<DynamicDim> dynamic, size_t inputs = 2) {
  OpSpec spec = tactic::testing::GemmSpec();
  spec.inputs.resize(inputs);
  spec.dynamic = std::move(dynamic);
  return spec;
}

OpSpec Prepared(OpSpec spec) { return PrepareSpec(std::move(spec)).value(); }

// For dimensions that kStrict refuses.
OpSpec Ancestor(OpSpec spec) {
  spec.dialect = Dialect::kAncestor;
  return Prepared(std::move(spec));
}

DynamicDim Listed(int input, int dim, std::vector<int64_t> list, Rule mapper) {
  return {input, dim, {Buckets::Rule::kList, std::move(list), 1}, {mapper, 1, {}}};
}

// The sizes of one dimension over all profiles.
std::vector<int64_t> Opts(const std::vector<Profile>& profiles, size_t input, size_t dim) {
  std::vector<int64_t> sizes;
  for (const Profile& profile : profiles) sizes.push_back(profile.dims[input][dim].opt);
  return sizes;
}

TEST(MapSizeTest, NextPowerOfTwo) {
  for (auto [x, mapped] : std::vector<std::pair<int64_t, int64_t>>{{-3, 1},
                                                                   {0, 1},
                                                                   {1, 1},
                                                                   {2, 2},
                                                                   {3, 4},
                                                                   {33, 64},
                                                                   {64, 64},
                                                                   {(1 << 30) + 1, 1ll << 31}}) {
    EXPECT_EQ(Map(Rule::kNextPowerOfTwo, x), mapped) << x;
  }
  EXPECT_EQ(Map(Rule::kNextPowerOfTwo, kUnbounded), kLargestPowerOfTwo);
}

TEST(MapSizeTest, LastPowerOfTwo) {
  for (auto [x, mapped] : std::vector<std::pair<int64_t, int64_t>>{
           {-3, 0}, {0, 0}, {1, 1}, {3, 2}, {33, 32}, {64, 64}, {kUnbounded, kLargestPowerOfTwo}}) {
    EXPECT_EQ(Map(Rule::kLastPowerOfTwo, x), mapped) << x;
  }
}

TEST(MapSizeTest, RoundUpGoesToAMultipleAndNeverOverflows) {
  EXPECT_EQ(Map(Rule::kRoundUp, 33, 16), 48);
  EXPECT_EQ(Map(Rule::kRoundUp, 48, 16), 48);
  EXPECT_EQ(Map(Rule::kRoundUp, 0, 16), 0);
  EXPECT_EQ(Map(Rule::kRoundUp, -5, 16), 0);
  EXPECT_EQ(Map(Rule::kRoundUp, kUnbounded - 1, 16), kUnbounded - 1);
}

TEST(MapSizeTest, FloorToAndCeilToAreClampedToTheEndsOfTheList) {
  const std::vector<int64_t> list = {100, 200, 500, 1000};
  EXPECT_EQ(Map(Rule::kFloorTo, 50, 1, list), 100);
  EXPECT_EQ(Map(Rule::kFloorTo, 350, 1, list), 200);
  EXPECT_EQ(Map(Rule::kFloorTo, 2000, 1, list), 1000);
  EXPECT_EQ(Map(Rule::kCeilTo, 101, 1, list), 200);
  EXPECT_EQ(Map(Rule::kCeilTo, 200, 1, list), 200);
  EXPECT_EQ(Map(Rule::kCeilTo, 2000, 1, list), 1000);
}

TEST(MapSizeTest, FloorDivideRoundsDown) {
  EXPECT_EQ(Map(Rule::kFloorDivide, 9, 2), 4);
  EXPECT_EQ(Map(Rule::kFloorDivide, -1, 2), -1);
}

TEST(ProfilesTest, EachBucketStandsUpToTheNext) {
  const OpSpec spec = Prepared(Spec({DynamicDim{}}));
  const auto profiles = ProfilesOf(spec, {{5, 64}, {64, 128}}).value();
  EXPECT_THAT(Opts(profiles, 0, 0), ElementsAre(1, 2, 4, 8));
  EXPECT_EQ(profiles[2].dims[0][0], Dim::Dynamic(4, 4, 8));
  EXPECT_EQ(profiles[3].dims[0][0], Dim::Dynamic(8, 8, kUnbounded));
  EXPECT_EQ(profiles[3].dims[0][1], Dim::Static(64));
  EXPECT_EQ(KeyOf(spec, {{5, 64}, {64, 128}}).value(), (Shapes{{8, 64}, {64, 128}}));
}

TEST(ProfilesTest, GeneratorsMakeTheirListsFromTheCurrentSize) {
  DynamicDim dim;
  dim.mapper.rule = Rule::kIdentity;
  dim.buckets.rule = Buckets::Rule::kLastPowersOfTwo;
  EXPECT_THAT(Opts(*ProfilesOf(Ancestor(Spec({dim})), {{5, 1}, {1, 1}}), 0, 0),
              ElementsAre(1, 2, 4, 5));
  dim.buckets = {Buckets::Rule::kMultiples, {}, 32};
  EXPECT_THAT(Opts(*ProfilesOf(Ancestor(Spec({dim})), {{100, 1}, {1, 1}}), 0, 0),
              ElementsAre(32, 64, 96, 100));
}

TEST(ProfilesTest, AnEmptyListTunesTheCurrentSizeOnly) {
  const OpSpec spec = Prepared(Spec({Listed(0, 0, {}, Rule::kNextPowerOfTwo)}));
  EXPECT_THAT(Opts(*ProfilesOf(spec, {{5, 1}, {1, 1}}), 0, 0), ElementsAre(8));
}

TEST(ProfilesTest, TheLastDynamicDimensionIsTheFastest) {
  const OpSpec spec = Ancestor(
      Spec({Listed(0, 0, {3, 4}, Rule::kIdentity), Listed(1, 1, {64, 128}, Rule::kIdentity)}));
  const auto profiles = ProfilesOf(spec, {{3, 64}, {64, 128}}).value();
  EXPECT_THAT(Opts(profiles, 0, 0), ElementsAre(3, 3, 4, 4));
  EXPECT_THAT(Opts(profiles, 1, 1), ElementsAre(64, 128, 64, 128));
}

TEST(ProfilesTest, TuneMaxSaturatesAfterMappingButCutsNoListedBucket) {
  OpSpec spec = Spec({Listed(0, 0, {16, 64}, Rule::kNextPowerOfTwo)});
  spec.tune_max = 32;
  spec = Prepared(spec);
  const auto profiles = ProfilesOf(spec, {{100, 64}, {64, 128}}).value();
  EXPECT_THAT(Opts(profiles, 0, 0), ElementsAre(16, 64, 128));
  EXPECT_EQ(profiles[0].key[0][0], 16);
  EXPECT_EQ(profiles[1].key[0][0], 32);
  EXPECT_EQ(profiles[2].key[0][0], 32);
  EXPECT_EQ(KeyOf(spec, {{20, 64}, {64, 128}}).value()[0][0], 32);
}

TEST(ProfilesTest, TuneMaxIsWhatGeneratorsStartFrom) {
  OpSpec spec = Spec({DynamicDim{}});
  spec.tune_max = 8;
  EXPECT_THAT(Opts(*ProfilesOf(Prepared(spec), {{2, 1}, {1, 1}}), 0, 0), ElementsAre(1, 2, 4, 8));
}

TEST(ProfilesTest, ConstrainedDimensionsFollowInOrderAndAreNotInTheKey) {
  OpSpec spec = Spec({DynamicDim{}}, 3);
  spec.constraints = {
      {1, 0, [](const Shapes& s) { return (s[0][0] + 127) / 128 * 128; }},
      {2, 0, [](const Shapes& s) { return s[1][0] + 1; }},
  };
  spec = Prepared(spec);
  const auto profiles = ProfilesOf(spec, {{33, 64}, {7, 4}, {9}}).value();
  ASSERT_THAT(profiles, SizeIs(7));
  EXPECT_EQ(profiles[6].dims[1][0], Dim::Derived(128));
  EXPECT_EQ(profiles[6].dims[2][0], Dim::Derived(129));
  EXPECT_EQ(KeyOf(spec, {{33, 64}, {7, 4}, {9}}).value(), (Shapes{{64, 64}, {-1, 4}, {-1}}));
}

TEST(ProfilesTest, AConstraintOnAnAbsentInputIsSkipped) {
  OpSpec spec = Spec({DynamicDim{}});
  spec.constraints = {{1, 1, [](const Shapes& s) { return s[0][0] * 2; }}};
  spec = Prepared(spec);
  ASSERT_TRUE(CheckShapes(spec, {{33, 64}, {0}}).ok());
  EXPECT_EQ(KeyOf(spec, {{33, 64}, {0}}).value(), (Shapes{{64, 64}, {0}}));
  const Problem problem = *ProblemFor(spec, {{33, 64}, {0}}, {{64, 64}, {0}}, nullptr);
  EXPECT_EQ(problem.inputs[1].dtype, DType::kAbsent);
}

TEST(ProfilesTest, AnInferredSizeOf0DoesNotMakeAnInputAbsent) {
  OpSpec spec = Spec({DynamicDim{}});
  spec.constraints = {{1, 0, [](const Shapes& s) { return s[0][0] / 2; }}};
  const Shapes shapes = {{2, 64}, {1}};
  EXPECT_EQ(ProfilesOf(Prepared(spec), shapes).value()[0].key, (Shapes{{1, 64}, {-1}}));
  EXPECT_EQ(ProfilesOf(Ancestor(spec), shapes).value()[0].key, (Shapes{{1, 64}, {0}}));
}

TEST(ProfilesTest, AnInferredSizeBelow0IsAnErrorUnlessAsTheAncestor) {
  OpSpec spec = Spec({});
  spec.constraints = {{1, 0, [](const Shapes& s) { return s[0][0] - 10; }}};
  const auto strict = ProfilesOf(Prepared(spec), {{2, 64}, {1, 1}});
  ASSERT_FALSE(strict.ok());
  EXPECT_THAT(strict.error().message, HasSubstr("constraints[0].infer is -8; must be 0 to"));
  EXPECT_EQ(ProfilesOf(Ancestor(spec), {{2, 64}, {1, 1}}).value()[0].dims[1][0], Dim::Derived(-8));
}

TEST(ProfilesTest, FunctionsMakeBucketsAndMap) {
  DynamicDim dim;
  dim.buckets.rule = Buckets::Rule::kFunction;
  dim.buckets.make = [](int64_t) { return std::vector<int64_t>{20, 10}; };
  dim.mapper.rule = Rule::kFunction;
  dim.mapper.map = [](int64_t x) { return x / 10 * 10; };
  const OpSpec spec = Prepared(Spec({dim}));
  EXPECT_THAT(Opts(*ProfilesOf(spec, {{47, 1}, {1, 1}}), 0, 0), ElementsAre(10, 20, 40));
  EXPECT_EQ(KeyOf(spec, {{47, 1}, {1, 1}}).value()[0][0], 40);
}

TEST(ProfilesTest, WhatFunctionsThrowOrMakeWrongIsAnError) {
  DynamicDim dim;
  dim.mapper.rule = Rule::kFunction;
  dim.mapper.map = [](int64_t x) -> int64_t {
    if (x == 7) throw std::runtime_error("seven");
    return x == 9 ? -2 : 1;
  };
  OpSpec spec = Ancestor(Spec({dim}));
  EXPECT_THAT(KeyOf(spec, {{7, 1}, {1, 1}}).error().message,
              HasSubstr("dynamic[0].mapper.map(7) threw: seven"));
  EXPECT_THAT(ProfilesOf(spec, {{9, 1}, {1, 1}}).error().message,
              HasSubstr("dynamic[0].mapper.map(9) is -2; must be 0 or more"));
  spec.dynamic[0].buckets.rule = Buckets::Rule::kFunction;
  spec.dynamic[0].buckets.make = [](int64_t) { return std::vector<int64_t>{1, -1}; };
  EXPECT_THAT(ProfilesOf(spec, {{1, 1}, {1, 1}}).error().message,
              HasSubstr("dynamic[0].buckets.make(1)[1] is -1"));
  spec.dynamic[0].buckets.make = [](int64_t) { return std::vector<int64_t>(5000, 1); };
  EXPECT_THAT(ProfilesOf(spec, {{1, 1}, {1, 1}}).error().message,
              HasSubstr("dynamic[0].buckets: more than 4096 sizes"));
}

TEST(ProfilesTest, ADimensionThatIsNotThereIsIgnoredByTheAncestorOnly) {
  const OpSpec strict = Prepared(Spec({DynamicDim{1, 3, {}, {}}}));
  EXPECT_FALSE(CheckShapes(strict, {{4, 8}, {8, 8}}).ok());
  const OpSpec spec = Ancestor(Spec({DynamicDim{1, 3, {}, {}}}));
  ASSERT_TRUE(CheckShapes(spec, {{4, 8}, {8, 8}}).ok());
  EXPECT_EQ(KeyOf(spec, {{4, 8}, {8, 8}}).value(), (Shapes{{4, 8}, {8, 8}}));
  EXPECT_THAT(*ProfilesOf(spec, {{4, 8}, {8, 8}}), SizeIs(1));
}

TEST(ProfilesTest, WhatInferThrowsIsAnError) {
  OpSpec spec = Spec({});
  spec.constraints = {{0, 0, [](const Shapes&) -> int64_t { throw std::runtime_error("no"); }}};
  const auto profiles = ProfilesOf(Prepared(spec), {{1, 1}, {1, 1}});
  ASSERT_FALSE(profiles.ok());
  EXPECT_THAT(profiles.error().message, HasSubstr("constraints[0].infer threw: no"));
}

TEST(ProfilesTest, TooManyProfilesAreAnError) {
  DynamicDim dim;
  dim.buckets = {Buckets::Rule::kMultiples, {}, 1};
  dim.mapper.rule = Rule::kIdentity;
  EXPECT_FALSE(ProfilesOf(Prepared(Spec({dim})), {{1 << 20, 1}, {1, 1}}).ok());
  DynamicDim other = dim;
  other.input = 1;
  const auto product = ProfilesOf(Prepared(Spec({dim, other})), {{100, 1}, {100, 1}});
  ASSERT_FALSE(product.ok());
  EXPECT_THAT(product.error().message, HasSubstr("more than 4096 profiles"));
}

struct BadSpec {
  const char* what;
  void (*spoil)(OpSpec&);
  const char* message;
};

class PrepareSpecTest : public ::testing::TestWithParam<BadSpec> {};

TEST_P(PrepareSpecTest, RefusesAndNamesTheField) {
  OpSpec spec = Spec({DynamicDim{}});
  GetParam().spoil(spec);
  const auto prepared = PrepareSpec(spec);
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(prepared.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, PrepareSpecTest,
    ::testing::Values(
        BadSpec{"op", [](OpSpec& s) { s.op = "a b"; }, "op"},
        BadSpec{"no_inputs", [](OpSpec& s) { s.inputs.clear(); }, "inputs.size is 0"},
        BadSpec{"no_runners", [](OpSpec& s) { s.runners.clear(); }, "runners.size is 0; must be 1"},
        BadSpec{"runner_twice", [](OpSpec& s) { s.runners.push_back(s.runners[0]); }, "runners[2]"},
        BadSpec{"runner_name", [](OpSpec& s) { s.runners[1].name = ""; }, "runners[1].name"},
        BadSpec{"runner_id", [](OpSpec& s) { s.runners[1].unique_id = "\xff"; },
                "runners[1].unique_id"},
        BadSpec{"input", [](OpSpec& s) { s.dynamic[0].input = 2; },
                "dynamic[0].input is 2; must be 0 to 1"},
        BadSpec{"negative_input", [](OpSpec& s) { s.dynamic[0].input = -1; },
                "dynamic[0].input is -1"},
        BadSpec{"dim", [](OpSpec& s) { s.dynamic[0].dim = 8; }, "dynamic[0].dim is 8"},
        BadSpec{"dim_twice", [](OpSpec& s) { s.dynamic.push_back(s.dynamic[0]); }, "dynamic[1]"},
        BadSpec{"bucket_step", [](OpSpec& s) { s.dynamic[0].buckets.step = 0; },
                "dynamic[0].buckets.step is 0"},
        BadSpec{"bucket",
                [](OpSpec& s) {
                  s.dynamic[0].buckets.list = {1, -2};
                },
                "dynamic[0].buckets.list[1] is -2"},
        BadSpec{"mapper_step", [](OpSpec& s) { s.dynamic[0].mapper.step = -1; },
                "dynamic[0].mapper.step is -1"},
        BadSpec{"mapper_list", [](OpSpec& s) { s.dynamic[0].mapper.rule = Rule::kFloorTo; },
                "dynamic[0].mapper.list is empty"},
        BadSpec{"bucket_function",
                [](OpSpec& s) { s.dynamic[0].buckets.rule = Buckets::Rule::kFunction; },
                "dynamic[0].buckets.make is empty"},
        BadSpec{"mapper_function", [](OpSpec& s) { s.dynamic[0].mapper.rule = Rule::kFunction; },
                "dynamic[0].mapper.map is empty"},
        BadSpec{"dim_dynamic_and_constrained",
                [](OpSpec& s) {
                  s.constraints = {{0, 0, [](const Shapes&) -> int64_t { return 1; }}};
                },
                "constraints[0] is input 0, dim 0 again"},
        BadSpec{"infer",
                [](OpSpec& s) {
                  s.constraints = {{0, 1, nullptr}};
                },
                "constraints[0].infer is empty"},
        BadSpec{"tune_max", [](OpSpec& s) { s.tune_max = 0; }, "tune_max is 0"}),
    [](const auto& test) { return test.param.what; });

TEST(CheckShapesTest, SaysWhatIsWrong) {
  const OpSpec spec = Prepared(Spec({DynamicDim{}}));
  EXPECT_THAT(CheckShapes(spec, {{1, 1}}).error().message, HasSubstr("1 inputs"));
  EXPECT_THAT(CheckShapes(spec, {{1, -1}, {1, 1}}).error().message,
              HasSubstr("shapes[0][1] is -1"));
  EXPECT_THAT(CheckShapes(spec, {{}, {1, 1}}).error().message, HasSubstr("rank 0"));
  EXPECT_FALSE(CheckShapes(spec, {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1}}).ok());
}

TEST(ProblemForTest, RangesAreWidenedToHoldTheSize) {
  OpSpec spec = Spec({Listed(0, 0, {64}, Rule::kIdentity)});
  spec.tune_max = 32;
  spec = Prepared(spec);
  const auto profiles = ProfilesOf(spec, {{64, 1}, {1, 1}}).value();
  ASSERT_THAT(profiles, SizeIs(1));
  const Problem problem = *ProblemFor(spec, {{64, 1}, {1, 1}}, profiles[0].key, &profiles[0]);
  EXPECT_EQ(problem.inputs[0].dims[0], Dim::Dynamic(32, 32, kUnbounded));
}

}  // namespace
}  // namespace tactic::cache_internal
