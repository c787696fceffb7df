// What holds of profiles for any spec and any sizes.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "client/cache/profile.h"
#include "tests/client/gemm_op.h"

namespace tactic::cache_internal {
namespace {

int64_t AnySize() { return *rc::gen::inRange<int64_t>(0, 5000); }

std::vector<int64_t> AnyList() {
  return *rc::gen::nonEmpty(
      rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 5000)));
}

Mapper AnyMapper() {
  return {
      *rc::gen::element(Mapper::Rule::kIdentity, Mapper::Rule::kNextPowerOfTwo,
                        Mapper::Rule::kLastPowerOfTwo, Mapper::Rule::kRoundUp,
                        Mapper::Rule::kFloorTo, Mapper::Rule::kCeilTo, Mapper::Rule::kFloorDivide),
      *rc::gen::inRange<int64_t>(1, 300), AnyList()};
}

Buckets AnyBuckets() {
  return {*rc::gen::element(Buckets::Rule::kList, Buckets::Rule::kPowersOfTwo,
                            Buckets::Rule::kLastPowersOfTwo, Buckets::Rule::kMultiples),
          *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 5000)),
          *rc::gen::inRange<int64_t>(100, 2000)};
}

OpSpec AnySpec(Dialect dialect) {
  OpSpec spec = tactic::testing::GemmSpec();
  spec.dialect = dialect;
  spec.dynamic = {{0, 0, AnyBuckets(), AnyMapper()}, {1, 1, AnyBuckets(), AnyMapper()}};
  if (*rc::gen::arbitrary<bool>()) spec.tune_max = *rc::gen::inRange<int64_t>(1, 5000);
  return spec;
}

Shapes AnyShapes() { return {{AnySize(), 64}, {64, AnySize()}}; }

// One that kStrict accepts.
OpSpec CoveredSpec() {
  const auto prepared = PrepareSpec(AnySpec(Dialect::kStrict));
  RC_PRE(prepared.ok());
  return *prepared;
}

bool Holds(const std::vector<Profile>& profiles, const Shapes& key) {
  return std::any_of(profiles.begin(), profiles.end(),
                     [&](const Profile& profile) { return profile.key == key; });
}

RC_GTEST_PROP(ProfileProperty, MappersThatRoundAreIdempotent, ()) {
  Mapper mapper = AnyMapper();
  RC_PRE(mapper.rule != Mapper::Rule::kFloorDivide);
  std::sort(mapper.list.begin(), mapper.list.end());
  const int64_t once = MapSize(mapper, AnySize());
  RC_ASSERT(MapSize(mapper, once) == once);
}

RC_GTEST_PROP(ProfileProperty, MappersKeepTheOrderOfSizes, ()) {
  Mapper mapper = AnyMapper();
  std::sort(mapper.list.begin(), mapper.list.end());
  const int64_t smaller = AnySize();
  const int64_t larger = smaller + AnySize();
  RC_ASSERT(MapSize(mapper, smaller) <= MapSize(mapper, larger));
}

RC_GTEST_PROP(ProfileProperty, WhatWasTunedHits, ()) {
  const OpSpec spec = CoveredSpec();
  const Shapes shapes = AnyShapes();
  const auto profiles = ProfilesOf(spec, shapes);
  RC_PRE(profiles.ok());
  RC_ASSERT(Holds(*profiles, *KeyOf(spec, shapes)));
}

RC_GTEST_PROP(ProfileProperty, EveryTunedProfileIsFoundAgain, ()) {
  const OpSpec spec = CoveredSpec();
  const auto profiles = ProfilesOf(spec, AnyShapes());
  RC_PRE(profiles.ok());
  const Profile& profile = (*profiles)[*rc::gen::inRange<size_t>(0, profiles->size())];
  const Shapes opt = {{profile.dims[0][0].opt, 64}, {64, profile.dims[1][1].opt}};
  RC_ASSERT(KeyOf(spec, opt).value() == profile.key);
}

RC_GTEST_PROP(ProfileProperty, SizesBetweenTheBucketsHitOnceTheBucketsAreTuned, ()) {
  OpSpec spec = tactic::testing::GemmSpec();
  spec.dynamic = {{0, 0, {Buckets::Rule::kList, AnyList()}, AnyMapper()}};
  const auto prepared = PrepareSpec(spec);
  RC_PRE(prepared.ok());
  const auto& list = prepared->dynamic[0].buckets.list;
  const auto [low, high] = std::minmax_element(list.begin(), list.end());
  const auto profiles = ProfilesOf(*prepared, {{*low, 64}, {64, 32}});
  const int64_t met = *rc::gen::inRange<int64_t>(*low, *high + 1);
  RC_ASSERT(Holds(*profiles, *KeyOf(*prepared, {{met, 64}, {64, 32}})));
}

RC_GTEST_PROP(ProfileProperty, NoKeyExceedsTuneMax, ()) {
  OpSpec spec = AnySpec(Dialect::kAncestor);
  spec.tune_max = *rc::gen::inRange<int64_t>(0, 5000);
  spec = PrepareSpec(spec).value();
  const auto profiles = ProfilesOf(spec, AnyShapes());
  RC_PRE(profiles.ok());
  for (const Profile& profile : *profiles) {
    RC_ASSERT(profile.key[0][0] <= *spec.tune_max && profile.key[1][1] <= *spec.tune_max);
  }
}

RC_GTEST_PROP(ProfileProperty, ProfilesAscendWithTheLastDimensionFastest, ()) {
  const OpSpec spec = PrepareSpec(AnySpec(Dialect::kAncestor)).value();
  const auto profiles = ProfilesOf(spec, AnyShapes());
  RC_PRE(profiles.ok());
  const auto place = [](const Profile& profile) {
    return std::pair(profile.dims[0][0].opt, profile.dims[1][1].opt);
  };
  for (size_t i = 1; i < profiles->size(); ++i) {
    RC_ASSERT(place((*profiles)[i - 1]) < place((*profiles)[i]));
  }
}

RC_GTEST_PROP(ProfileProperty, EachSizeStandsUpToTheNext, ()) {
  OpSpec spec = AnySpec(Dialect::kAncestor);
  spec.dynamic.pop_back();
  spec = PrepareSpec(spec).value();
  const auto profiles = ProfilesOf(spec, AnyShapes());
  RC_PRE(profiles.ok());
  for (size_t i = 0; i < profiles->size(); ++i) {
    const Dim& dim = (*profiles)[i].dims[0][0];
    const bool last = i + 1 == profiles->size();
    RC_ASSERT(dim.min == dim.opt);
    RC_ASSERT(dim.max == (last ? kUnbounded : (*profiles)[i + 1].dims[0][0].opt));
  }
}

}  // namespace
}  // namespace tactic::cache_internal
