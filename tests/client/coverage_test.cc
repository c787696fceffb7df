// What Register refuses because it could never hit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "client/cache/profile.h"
#include "tests/client/gemm_op.h"

namespace tactic::cache_internal {
namespace {

using ::testing::HasSubstr;
using BucketRule = Buckets::Rule;
using MapRule = Mapper::Rule;

struct Case {
  const char* what;
  Buckets buckets;
  Mapper mapper;
  std::optional<int64_t> tune_max;
  const char* refused;  // A part of the message; nullptr: accepted.
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.what; }

class CoverageTest : public ::testing::TestWithParam<Case> {
 protected:
  static OpSpec Spec() {
    OpSpec spec = tactic::testing::GemmSpec();
    spec.dynamic = {{0, 0, GetParam().buckets, GetParam().mapper}};
    spec.tune_max = GetParam().tune_max;
    return spec;
  }
};

TEST_P(CoverageTest, IsCheckedAtRegistration) {
  const auto prepared = PrepareSpec(Spec());
  if (GetParam().refused == nullptr) {
    EXPECT_TRUE(prepared.ok()) << prepared.error().message;
    return;
  }
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(prepared.error().message, HasSubstr(GetParam().refused));
}

TEST_P(CoverageTest, TheAncestorTakesAll) {
  OpSpec spec = Spec();
  spec.dialect = Dialect::kAncestor;
  EXPECT_TRUE(PrepareSpec(spec).ok());
}

Buckets List(std::vector<int64_t> sizes) { return {BucketRule::kList, std::move(sizes)}; }
Mapper CeilTo(std::vector<int64_t> list) { return {MapRule::kCeilTo, 1, std::move(list)}; }
Mapper Function(int64_t (*map)(int64_t)) { return {MapRule::kFunction, 1, {}, map}; }
int64_t Throws(int64_t) { throw std::runtime_error("no"); }

INSTANTIATE_TEST_SUITE_P(
    Covered, CoverageTest,
    ::testing::Values(
        Case{"powers", {BucketRule::kPowersOfTwo}, {MapRule::kNextPowerOfTwo}},
        Case{"powers_saturated", {BucketRule::kPowersOfTwo}, {MapRule::kNextPowerOfTwo}, 100},
        Case{"last_powers", {BucketRule::kLastPowersOfTwo}, {MapRule::kLastPowerOfTwo}},
        Case{"powers_down", {BucketRule::kPowersOfTwo}, {MapRule::kLastPowerOfTwo}, 64},
        Case{"multiples", {BucketRule::kMultiples, {}, 32}, {MapRule::kRoundUp, 32}},
        Case{"coarser_mapper", {BucketRule::kMultiples, {}, 8}, {MapRule::kRoundUp, 32}},
        Case{"every_size", {BucketRule::kMultiples}, {MapRule::kIdentity}},
        Case{"list", List({1, 2, 4, 8, 16, 32, 64}), {MapRule::kNextPowerOfTwo}, 64},
        Case{"own_list", List({3, 100, 7}), CeilTo({3, 7, 100})},
        Case{"saturated_list", List({16, 64}), {MapRule::kNextPowerOfTwo}, 32},
        Case{"sizes_met_only", List({}), {MapRule::kIdentity}},
        Case{"one_size", List({17}), {MapRule::kIdentity}},
        Case{"function", List({0, 10, 20}), Function([](int64_t x) { return x / 10 * 10; })},
        Case{"function_fails_beyond_the_buckets", List({5, 6}), Function([](int64_t x) -> int64_t {
               if (x > 6) throw std::runtime_error("too large");
               return x;
             })}),
    [](const auto& test) { return test.param.what; });

INSTANTIATE_TEST_SUITE_P(
    NotCovered, CoverageTest,
    ::testing::Values(
        Case{"mapper_leaves_the_set",
             List({9, 16}),
             {MapRule::kFloorDivide, 2},
             {},
             "dynamic[0]: size 10 maps to 5"},
        Case{"image_between_buckets",
             List({16, 64}),
             {MapRule::kNextPowerOfTwo},
             {},
             "dynamic[0]: size 17 maps to 32, but nothing that is tuned is looked up as 32"},
        Case{"identity", {BucketRule::kPowersOfTwo}, {MapRule::kIdentity}, {}, "size 3 maps to 3"},
        Case{"identity_of_multiples",
             {BucketRule::kMultiples, {}, 32},
             {MapRule::kIdentity},
             256,
             "size 33 maps to 33"},
        Case{"finer_mapper",
             {BucketRule::kMultiples, {}, 32},
             {MapRule::kRoundUp, 8},
             {},
             "size 33 maps to 40"},
        Case{"powers_by_multiples",
             {BucketRule::kPowersOfTwo},
             {MapRule::kRoundUp, 32},
             {},
             "maps to 96"},
        Case{"scaled",
             List({1, 2, 3, 4, 5, 6, 7, 8}),
             {MapRule::kFloorDivide, 4},
             {},
             "so it can never hit; use a mapper that ends in a bucket"},
        Case{"scaled_sizes_met", List({}), {MapRule::kFloorDivide, 2}, {}, "size 2 maps to 1"},
        Case{"scaled_powers",
             {BucketRule::kLastPowersOfTwo},
             {MapRule::kFloorDivide, 7},
             {},
             "dynamic[0]: size 21 maps to 3"},
        Case{"function_throws",
             List({8}),
             Function(Throws),
             {},
             "dynamic[0].mapper.map(8) threw or is below 0"},
        Case{"function_is_negative",
             List({8}),
             Function([](int64_t) { return int64_t{-1}; }),
             {},
             "dynamic[0].mapper.map(8) threw or is below 0"},
        Case{"too_many_buckets",
             {BucketRule::kMultiples},
             {MapRule::kIdentity},
             1 << 20,
             "dynamic[0].buckets: more than 4096 sizes up to 1048576"}),
    [](const auto& test) { return test.param.what; });

}  // namespace
}  // namespace tactic::cache_internal
