#include "tactic/model/key.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SampleEnvironment;
using testing::SampleKey;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;

TEST(KeyTest, ResolveLeavesNothingUnspecified) {
  EXPECT_EQ(
      Resolve({}, DeviceKind::kHost),
      (MeasurementPolicy{CacheState::kWeightsCold, LaunchMode::kEager, Validation::kReference, 0}));
  EXPECT_EQ(
      Resolve({}, DeviceKind::kCuda),
      (MeasurementPolicy{CacheState::kWeightsCold, LaunchMode::kGraph, Validation::kReference, 0}));
}

TEST(KeyTest, ResolveKeepsWhatIsSaid) {
  const MeasurementPolicy said = {CacheState::kWarm, LaunchMode::kGraph, Validation::kNone, 7};
  EXPECT_EQ(Resolve(said, DeviceKind::kHost), said);
  EXPECT_EQ(Resolve(Resolve({}, DeviceKind::kCuda), DeviceKind::kHost).launch, LaunchMode::kGraph);
}

TEST(KeyTest, CacheStatesReadBack) {
  for (const CacheState cache :
       {CacheState::kWeightsCold, CacheState::kAllCold, CacheState::kWarm}) {
    EXPECT_EQ(ParseCacheState(Name(cache)), cache);
  }
  EXPECT_EQ(ParseCacheState("unspecified"), std::nullopt);
  EXPECT_EQ(ParseCacheState("cold"), std::nullopt);
}

TEST(KeyTest, FingerprintsReadBack) {
  const Fingerprint fingerprint = {0x0123456789abcdef, 0x00000000000000fe};
  EXPECT_EQ(ToHex(fingerprint), "0123456789abcdef00000000000000fe");
  EXPECT_EQ(ParseFingerprint(ToHex(fingerprint)), fingerprint);
}

TEST(KeyTest, WhatIsNoFingerprintDoesNotParse) {
  const std::string good = "0123456789abcdef00000000000000fe";
  EXPECT_EQ(ParseFingerprint(""), std::nullopt);
  EXPECT_EQ(ParseFingerprint(good.substr(1)), std::nullopt);
  EXPECT_EQ(ParseFingerprint(good + "0"), std::nullopt);
  for (const char bad : {'g', 'A', ' ', '-', '/', ':', '`', '\0'}) {
    for (const size_t at : {size_t{0}, size_t{15}, size_t{16}, size_t{31}}) {
      std::string text = good;
      text[at] = bad;
      EXPECT_EQ(ParseFingerprint(text), std::nullopt) << text;
    }
  }
}

TEST(KeyTest, PoliciesAreChecked) {
  EXPECT_THAT(CheckPolicy("policy.", SampleKey().policy), IsOk());
  MeasurementPolicy policy;
  policy.budget_ms = 3'600'001;
  EXPECT_THAT(CheckPolicy("policy.", policy),
              ErrorIs(kInvalid, "policy.budget_ms is 3600001; must be 0 to 3600000"));
  policy.budget_ms = 3'600'000;
  EXPECT_THAT(CheckPolicy("policy.", policy), IsOk());
  policy.cache = static_cast<CacheState>(4);
  EXPECT_THAT(CheckPolicy("policy.", policy), ErrorIs(kInvalid, HasSubstr("policy.cache: 4")));
}

TEST(KeyTest, EnvironmentsAreChecked) {
  EXPECT_THAT(CheckEnvironment("environment.", SampleEnvironment()), IsOk());
  Environment environment = SampleEnvironment();
  environment.device.arch = "";
  EXPECT_THAT(CheckEnvironment("environment.", environment),
              ErrorIs(kInvalid, HasSubstr("environment.device.arch: \"\" (0 bytes); must be 1")));
  environment = SampleEnvironment();
  environment.driver = "535\n";
  EXPECT_THAT(CheckEnvironment("environment.", environment),
              ErrorIs(kInvalid, HasSubstr("environment.driver: \"535\\x0a\"")));
  environment = SampleEnvironment();
  environment.components.push_back({"openblas", "0.3.22"});
  EXPECT_THAT(CheckEnvironment("environment.", environment),
              ErrorIs(kInvalid, HasSubstr("\"openblas\" is there twice")));
  environment.components.assign(257, {"c", "1"});
  EXPECT_THAT(CheckEnvironment("environment.", environment),
              ErrorIs(kInvalid, "environment.components: count is 257; must be 0 to 256"));
  environment.components = {{"", "1"}};
  EXPECT_THAT(CheckEnvironment("environment.", environment),
              ErrorIs(kInvalid, HasSubstr("environment.components[0].name")));
}

}  // namespace
}  // namespace tactic
